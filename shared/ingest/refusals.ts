import { DatabaseRefusesRows } from '../store/databaseRefusesRows.ts';
import type { Refusal } from '../store/findRefused.ts';

/** Tells rows that are refused for their own sake from a database that refuses whatever comes; for one topic. */
export class Refusals {
  /** Why the last batch of one row was refused, until a row is stored. */
  #lastAlone: string | undefined;

  /** Whether these are so many of a batch's rows that it is not for their own sake. */
  areMost(refused: readonly Refusal[], rows: number): boolean {
    return this.#mostOf(refused, rows) !== undefined;
  }

  /**
   * Judges the rows of a batch that the database refuses. One alone is guilty, unless the one before it, alone as well, was
   * refused for the same reason and nothing was stored since.
   * @throws DatabaseRefusesRows
   */
  judge(refused: readonly Refusal[], rows: number): void {
    const most = this.#mostOf(refused, rows);
    if (most !== undefined) throw new DatabaseRefusesRows(most.count, rows, most.reason);
    const [first] = refused;
    if (rows !== 1 || first === undefined) return;
    if (this.#lastAlone === first.reason) throw new DatabaseRefusesRows(1, 1, first.reason);
    this.#lastAlone = first.reason;
  }

  /** Rows of a batch were stored. */
  stored(): void {
    this.#lastAlone = undefined;
  }

  #mostOf(refused: readonly Refusal[], rows: number): { reason: string; count: number } | undefined {
    const counts = new Map<string, number>();
    for (const { reason } of refused) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    for (const [reason, count] of counts) {
      if (count >= 2 && count * 2 > rows) return { reason, count };
    }
    return undefined;
  }
}
