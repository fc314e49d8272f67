import { createHash } from 'node:crypto';
import type { DumpTopic } from '../../../shared/contracts/fields.ts';
import type { Profile } from '../../../shared/contracts/profile.ts';
import { type Highest, keepHighest, keyOf, nothing, type Row, rowOf } from '../model.ts';
import { sumOfAmounts } from '../settlement.ts';
import type { SyntheticEvent } from './payments.ts';

/** How long a window is, and how long after its end its total is made. */
const WINDOW_MS = 10_000;
const DELAY_MS = 10_000;
const LOOKED_EVERY_MS = 1000;
/** Longer than a payment is under way at a few events a second. */
const KEPT_MS = 3_600_000;

/** The column that the digest has of a row's state. */
const STATE: Record<DumpTopic, string> = { ledger: 'entry_type', payment_order: 'status' };

/** A window of a source, and the keys of its rows. */
export interface SourceWindow {
  readonly topic: DumpTopic;
  /** In milliseconds since 1970; half-open. */
  readonly start: number;
  readonly end: number;
  readonly keys: Set<string>;
}

interface OpenWindow extends SourceWindow {
  end: number;
  /** Rows were added or have changed since its last total. */
  changed: boolean;
  /** That total. */
  sent?: SyntheticEvent<'control'>;
}

/** What a control total says of these rows. `at`: when they were counted, in milliseconds since 1970. */
export function totalOf(
  { topic, start, end }: Pick<SourceWindow, 'topic' | 'start' | 'end'>,
  rows: readonly Row[],
  { at, version, digest = true }: { at: number; version: number; digest?: boolean },
): SyntheticEvent<'control'> {
  const body = {
    topic,
    window_start: iso(start),
    window_end: iso(end),
    row_count: rows.length,
    amount_sum: sumOfAmounts(rows.map((row) => row['amount']!)),
    generated_at: iso(at),
    version,
    occurred_at: iso(at),
    ...(digest && { digest: `v1:${rows.reduce((sum, row) => sum + digestOf(topic, row), 0n)}` }),
  };
  return {
    topic: 'control',
    key: `${topic}|${body.window_start}`,
    body: Buffer.from(JSON.stringify(body)),
    fault: undefined,
  };
}

/** As docs/control-totals.md says. */
function digestOf(topic: DumpTopic, row: Row): bigint {
  const text = `${keyOf(topic, row)}|${row[STATE[topic]]}|${row['source_version'] ?? ''}`;
  return BigInt(`0x${createHash('md5').update(text).digest('hex').slice(0, 15)}`);
}

/**
 * The source of synthetic payments: keeps what the events that were published say, and makes the control totals that it would
 * send, window by window. What is malformed on purpose is no row of a source.
 */
export class SourceTotals {
  /** Rows of a run that ended a moment ago are not known here. */
  readonly #base: number;
  readonly #profile: Profile;
  readonly #rows: Highest = nothing();
  /** Two states of one revision: which one is kept is for the broker's order to say. */
  readonly #undecided = new Set<string>();
  readonly #windows = new Map<string, OpenWindow>();
  #count = 0;
  #lookAt = 0;

  /**
   * @param startedAt in milliseconds since 1970, before the first event.
   * @param profile by which the events are read: of two states of a record, it says which one is kept.
   */
  constructor(startedAt: number, profile: Profile) {
    this.#base = startedAt - 1000;
    this.#profile = profile;
  }

  /** The windows of the run. */
  get windows(): readonly SourceWindow[] {
    return [...this.#windows.values()];
  }

  /** An event that was published, as it is before its envelope. */
  note(event: SyntheticEvent, now: number): void {
    const { topic, body, fault } = event;
    if (topic === 'pair') return;
    const row = rowOf({ topic, partition: 0, sequenceNumber: this.#count++, enqueuedAt: now, body, fault });
    if (row === undefined) return;
    const key = keyOf(topic, row);
    const held = this.#rows[topic].get(key);
    keepHighest(this.#rows, topic, row, this.#profile.topics[topic].precedence[0] === 'version');
    const of = `${topic}|${key}`;
    if (held !== undefined && isTie(topic, held, row)) this.#undecided.add(of);
    else if (held !== undefined && this.#rows[topic].get(key) !== held) this.#undecided.delete(of);
    this.#addToWindow(topic, key, row);
  }

  /** The totals that are to be sent now: of windows that ended a while ago, again where they have changed since. */
  due(now: number): SyntheticEvent<'control'>[] {
    if (now < this.#lookAt) return [];
    this.#lookAt = now + LOOKED_EVERY_MS;
    const totals: SyntheticEvent<'control'>[] = [];
    for (const [id, window] of this.#windows) {
      if (!window.changed) {
        if (window.end + KEPT_MS < now) this.#forget(id, window);
      } else if (window.end + DELAY_MS <= now) totals.push(this.#total(window, now));
    }
    return totals;
  }

  /**
   * A newer total of every window, the last one cut where it stands. Some are sent twice, and after some their former one comes
   * once more.
   */
  last(now: number): SyntheticEvent<'control'>[] {
    return [...this.#windows.values()].flatMap((window, number) => {
      const former = window.sent;
      if (former === undefined) window.end = Math.min(window.end, now + 1);
      const total = this.#total(window, now);
      return number % 2 === 0 ? [total, former ?? total] : [total];
    });
  }

  #addToWindow(topic: DumpTopic, key: string, row: Row): void {
    const number = Math.floor((Number(BigInt(row['created_at']!) / 1000n) - this.#base) / WINDOW_MS);
    if (number < 0) return;
    const start = this.#base + number * WINDOW_MS;
    const id = `${topic}|${start}`;
    const window = this.#windows.get(id) ?? {
      topic,
      start,
      end: start + WINDOW_MS,
      keys: new Set<string>(),
      changed: true,
    };
    this.#windows.set(id, window);
    window.keys.add(key);
    window.changed = true;
  }

  #total(window: OpenWindow, now: number): SyntheticEvent<'control'> {
    const { topic, keys } = window;
    const rows = [...keys].map((key) => this.#rows[topic].get(key)!);
    const digest = ![...keys].some((key) => this.#undecided.has(`${topic}|${key}`));
    window.changed = false;
    window.sent = totalOf(window, rows, { at: now, version: now, digest });
    return window.sent;
  }

  #forget(id: string, { topic, keys }: OpenWindow): void {
    this.#windows.delete(id);
    for (const key of keys) {
      this.#rows[topic].delete(key);
      this.#undecided.delete(`${topic}|${key}`);
    }
  }
}

/** Whether two states have the same revision, and are different ones to the digest. */
function isTie(topic: DumpTopic, a: Row, b: Row): boolean {
  const same = (column: string) => a[column] === b[column];
  return same('updated_at') && same('source_version') && !same(STATE[topic]);
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
