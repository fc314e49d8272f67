import { DatabaseRefusesRows } from '../store/databaseRefusesRows.ts';
import type { Refusal } from '../store/findRefused.ts';
import type { BrokerEvent } from './brokerEvent.ts';

/** An event whose row the database refuses. */
export interface RefusedEvent {
  readonly event: Pick<BrokerEvent, 'partition' | 'sequenceNumber' | 'enqueuedAt'>;
  readonly refusal: Refusal;
}

/**
 * Tells rows that are refused for their own sake from a database that refuses whatever comes; for one topic.
 *
 * Two guilty events in a row, each alone, on a partition where nothing else comes: the second waits, and the alert says so.
 * Nothing that could be tried tells it from a changed database. A row that is stored already proves nothing: what was added may
 * let that one pass and not the next ones (a CHECK over values, a column that was filled in). Time proves nothing either: an
 * outage would drain, only slowly. A person can decide: what is a dead letter already, by a repair of that one number, is
 * never held back (`parkedEvents`).
 */
export class Refusals {
  /** The last event that was refused alone, and why, until a row is stored. */
  #lastAlone: { readonly position: string; readonly reason: string } | undefined;

  /** Whether these are so many of a batch's rows that it is not for their own sake. */
  areMost(refused: readonly RefusedEvent[], rows: number): boolean {
    return this.#mostOf(refused, rows) !== undefined;
  }

  /**
   * Judges the rows of a batch that the database refuses. One alone is guilty, unless the one before it, alone as well, was
   * refused for the same reason and nothing was stored since. The same event again is no second one: its dead letter could not
   * be written, or it was delivered again.
   * @throws DatabaseRefusesRows
   */
  judge(refused: readonly RefusedEvent[], rows: number): void {
    const most = this.#mostOf(refused, rows);
    if (most !== undefined) throw new DatabaseRefusesRows(most.count, rows, most.reason);
    const [first] = refused;
    if (rows !== 1 || first === undefined) return;
    const { partition, sequenceNumber, enqueuedAt } = first.event;
    const position = `${partition}/${sequenceNumber}/${enqueuedAt}`;
    const { reason } = first.refusal;
    if (this.#lastAlone?.reason === reason && this.#lastAlone.position !== position) {
      throw new DatabaseRefusesRows(1, 1, reason);
    }
    this.#lastAlone = { position, reason };
  }

  /** Rows of a batch were stored. */
  stored(): void {
    this.#lastAlone = undefined;
  }

  #mostOf(refused: readonly RefusedEvent[], rows: number): { reason: string; count: number } | undefined {
    const counts = new Map<string, number>();
    for (const { refusal } of refused) counts.set(refusal.reason, (counts.get(refusal.reason) ?? 0) + 1);
    for (const [reason, count] of counts) {
      if (count >= 2 && count * 2 > rows) return { reason, count };
    }
    return undefined;
  }
}
