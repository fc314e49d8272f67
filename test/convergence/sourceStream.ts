import { createHash } from 'node:crypto';
import type { DumpTopic } from '../../shared/contracts/fields.ts';
import { Random } from '../../tools/proof/synthetic/random.ts';

// A source with its rows, an outbox that loses some of their states, and the totals that the source counts itself: all of it made
// of a seed. Times are milliseconds from the beginning. Nothing of the product is used here.

const MINUTE = 60_000;
const WINDOWS = 60;
/** The last total of each window is made then: nothing changes any more. */
export const END = (WINDOWS + 12) * MINUTE;

/** What of a row never reaches the broker. */
export type Loss = 'never published' | 'last state not published';

interface State {
  readonly at: number;
  readonly version: number;
  readonly amount: bigint;
  readonly state: string;
}

export interface SourceRow {
  readonly topic: DumpTopic;
  readonly key: string;
  readonly createdAt: number;
  readonly states: readonly State[];
  readonly loss: Loss | undefined;
}

export interface Message {
  readonly topic: DumpTopic | 'control';
  readonly partition: number;
  readonly enqueuedAt: number;
  readonly body: object;
}

export interface Window {
  readonly topic: DumpTopic;
  readonly start: number;
  readonly lossy: boolean;
  /** A loss that a count and a sum of amounts can't see. */
  readonly onlyDigest: boolean;
}

const STATES = {
  ledger: ['PAYMENT', 'RECEIVE', 'FEE_OUT'],
  payment_order: ['CREATED', 'PAID', 'SETTLED', 'CANCELLED'],
} as const;
const TOPICS = ['ledger', 'payment_order'] as const;

export class SourceStream {
  readonly rows: readonly SourceRow[];
  readonly messages: readonly Message[];
  readonly #base: number;
  readonly #random: Random;

  /** @param base when it begins, in milliseconds since 1970: a whole minute. */
  constructor(seed: number, losses: number, base: number) {
    this.#base = base;
    this.#random = new Random(seed);
    this.rows = Array.from({ length: losses * 12 }, (_, index) => this.#row(index, losses));
    this.messages = [...this.rows.flatMap((row) => this.#published(row)), ...this.#totals()].sort(
      (one, other) => one.enqueuedAt - other.enqueuedAt,
    );
  }

  /** Every window that has rows. */
  windows(): Window[] {
    return TOPICS.flatMap((topic) =>
      Array.from({ length: WINDOWS }, (_, index) => {
        const start = index * MINUTE;
        const lossy = this.#rowsOf(topic, start).filter(({ loss }) => loss !== undefined);
        return {
          topic,
          start,
          lossy: lossy.length > 0,
          onlyDigest: lossy.length > 0 && !this.#seenByTotals(topic, start),
        };
      }),
    ).filter(({ topic, start }) => this.#rowsOf(topic, start).length > 0);
  }

  /** What the source holds in the end, as a dump of one window has it. */
  dump({ topic, start }: Pick<Window, 'topic' | 'start'>): object[] {
    return this.#rowsOf(topic, start).map((row) => this.#record(row, row.states.at(-1)!));
  }

  iso(at: number): string {
    return new Date(this.#base + at).toISOString();
  }

  #row(index: number, losses: number): SourceRow {
    const random = this.#random;
    const topic = random.pick(TOPICS);
    const createdAt = random.below(WINDOWS * MINUTE);
    const states: State[] = [];
    let at = createdAt;
    let amount = this.#amount();
    for (let version = 1; version <= 1 + random.below(4); version++) {
      const state = topic === 'ledger' ? random.pick(STATES.ledger) : STATES.payment_order[version - 1]!;
      states.push({ at, version, amount, state });
      at += 1 + random.below(3 * MINUTE);
      if (random.chance(0.3)) amount = this.#amount();
    }
    const loss =
      index >= losses
        ? undefined
        : states.length > 1 && random.chance(0.6)
          ? 'last state not published'
          : 'never published';
    return { topic, key: `${topic}-${index}`, createdAt, states, loss };
  }

  /** Far beyond what a double holds. */
  #amount(): bigint {
    return BigInt(this.#random.below(1_000_000_000)) * 10_000_000_000_007n;
  }

  #published(row: SourceRow): Message[] {
    const random = this.#random;
    const partition = random.below(3);
    const sent =
      row.loss === undefined ? row.states : row.loss === 'never published' ? [] : row.states.slice(0, -1);
    return sent.flatMap((state) => {
      const body = this.#record(row, state);
      const once = () => ({
        topic: row.topic,
        // A producer's retry may go elsewhere.
        partition: random.chance(0.05) ? random.below(3) : partition,
        enqueuedAt: state.at + random.below(25_000),
        body,
      });
      const again = random.chance(0.1)
        ? [{ ...once(), enqueuedAt: state.at + random.below(10 * MINUTE) }]
        : [];
      return [once(), ...again];
    });
  }

  #record({ topic, key, createdAt }: SourceRow, { at, version, amount, state }: State): object {
    const common = { amount: decimal(amount), version, updated_at: this.iso(at) };
    return topic === 'ledger'
      ? { tx_id: key, wallet_id: 'w', entry_type: state, source_created_at: this.iso(createdAt), ...common }
      : { order_id: key, status: state, created_at: this.iso(createdAt), ...common };
  }

  #rowsOf(topic: DumpTopic, start: number): SourceRow[] {
    return this.rows.filter(
      (row) => row.topic === topic && row.createdAt >= start && row.createdAt < start + MINUTE,
    );
  }

  /** Whether a count, or the sum of the amounts, differs in the end. */
  #seenByTotals(topic: DumpTopic, start: number): boolean {
    const rows = this.#rowsOf(topic, start);
    const difference = rows
      .filter(({ loss }) => loss === 'last state not published')
      .reduce((sum, { states }) => sum + states.at(-1)!.amount - states.at(-2)!.amount, 0n);
    return rows.some(({ loss }) => loss === 'never published') || difference !== 0n;
  }

  /** Of each window three, each of another time; they come late, in any order, and again. */
  *#totals(): Generator<Message> {
    const random = this.#random;
    for (const { topic, start } of this.windows()) {
      const end = start + MINUTE;
      const times = [end + random.below(60_000), end + 5 * MINUTE, END - 1];
      const withDigest = random.chance(0.8);
      for (const [index, at] of times.entries()) {
        const body = this.#total(topic, start, at, index + 1, withDigest || index === 2);
        const last = index === 2;
        const send = () => ({
          topic: 'control' as const,
          partition: 0,
          enqueuedAt: at + random.below(last ? 20_000 : 6 * MINUTE),
          body,
        });
        yield send();
        if (random.chance(0.3)) yield send();
      }
    }
  }

  #total(topic: DumpTopic, start: number, at: number, version: number, withDigest: boolean): object {
    const counted = this.#rowsOf(topic, start).flatMap(({ key, createdAt, states }) => {
      const state = states.findLast((one) => one.at <= at);
      return createdAt <= at && state ? [{ key, ...state }] : [];
    });
    const sum = counted.reduce((total, { amount }) => total + amount, 0n);
    const digest = counted.reduce(
      (total, row) => total + hashOf(`${row.key}|${row.state}|${row.version}`),
      0n,
    );
    return {
      topic,
      window_start: this.iso(start),
      window_end: this.iso(start + MINUTE),
      row_count: counted.length,
      amount_sum: decimal(sum),
      generated_at: this.iso(at),
      version,
      ...(withDigest && { digest: `v1:${digest}` }),
    };
  }
}

function hashOf(text: string): bigint {
  return BigInt(`0x${createHash('md5').update(text).digest('hex').slice(0, 15)}`);
}

function decimal(cents: bigint): string {
  const digits = String(cents).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
