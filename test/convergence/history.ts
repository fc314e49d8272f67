import fc from 'fast-check';
import { RECORD_TOPICS, type RecordTopic } from '../../shared/contracts/fields.ts';
import type { NoRecord } from '../../shared/contracts/openMessage.ts';
import { confirmation, entry, order } from '../../tools/proof/exampleEvents.ts';

/** Histories of a few keys, so that ties, moves and races are the rule. All of it is data, so that it shrinks. */

/** An event, where the broker put it, and when it is delivered. */
export interface HistoryEvent {
  readonly topic: RecordTopic;
  /** What it is, in a few words. */
  readonly label: string;
  readonly body: string;
  /** Why it is a dead letter, if it is one. */
  readonly fault: string | undefined;
  /** Whether a profile passes over it: from the start, or only the mended one, so that a replay does away with a dead letter. */
  readonly ignored?: 'always' | 'mended';
  /** The body as the mended profile reads it: a replay stores this. */
  readonly mended?: string;
  readonly partition: number;
  /** Milliseconds after the event before it in its partition. */
  readonly pause: number;
  /** In order of `at`, by one of the writers; one that is never delivered is a gap, which is repaired in the end. */
  readonly deliveries: readonly { readonly at: number; readonly writer: number }[];
}

/** Where a batch loses its connection. */
export type Crash =
  /** The server's process ends at the nth statement trigger, before or after a statement of the transaction. */
  | { readonly kind: 'statement'; readonly at: number }
  /** The nth message of the request, and what follows, is not sent. */
  | { readonly kind: 'message'; readonly at: number }
  /** The answer is lost: the transaction is committed, and nobody knows. */
  | { readonly kind: 'answer' };

/** How many events were delivered and acknowledged, and how many in batches that failed, committed or not. */
export interface Delivered {
  acknowledged: number;
  unanswered: number;
  /** Crashes that took place: a short transaction may end before the place of its crash. */
  readonly crashes: Crash['kind'][];
}

/** Rows of the source tables, loaded at some place between a writer's batches. */
export interface HistoryDump {
  readonly topic: 'ledger' | 'payment_order';
  readonly rows: readonly { readonly label: string; readonly body: string }[];
  /** Milliseconds after the first event. */
  readonly asOf: number;
  readonly writer: number;
  readonly place: number;
  readonly crash: Crash | null;
}

export interface History {
  readonly events: readonly HistoryEvent[];
  readonly dumps: readonly HistoryDump[];
  /** Sweeps of the settlements; the last one comes in the end. */
  readonly sweeps: readonly { readonly writer: number; readonly place: number }[];
  /** Replays of all dead letters under the mended profile; one more comes in the end. */
  readonly replays: readonly { readonly writer: number; readonly place: number }[];
  readonly writers: number;
  readonly batchSize: number;
  /** The profile puts version before updated_at. */
  readonly versionFirst: boolean;
  /** Every batch is inserted as if no key of it were known (expects_new_keys), right or wrong. */
  readonly expectNewKeys: boolean;
  /** Above so many entries a group is kept by what changes (crowds). */
  readonly crowdLimit: number;
  /** The nth batch fails like this, and is delivered again: whole, or cut in two after so many events. */
  readonly crashes: readonly { readonly batch: number; readonly crash: Crash; readonly cut: number }[];
}

/** What a history's profile ignores from the start. */
export const IGNORED: ReadonlySet<NoRecord> = new Set(['deletes']);

const orderId = fc.constantFrom('o1', 'o2');
const revision = fc.record({
  updated_at: fc.constantFrom(null, '2026-11-22T11:00:00Z', '2026-11-22T11:00:00.000001Z'),
  version: fc.constantFrom(null, 1, 2),
});
const amount = fc.constantFrom('5', '5.0', '-5', 7, 0.1);

type Content = Pick<HistoryEvent, 'topic' | 'label' | 'body' | 'fault' | 'mended' | 'ignored'>;

function content(topic: RecordTopic, id: string, change: object, good: object, fault?: string): Content {
  const parts = Object.entries(change).map(([name, value]) => `${name}=${value}`);
  return { topic, label: [id, ...parts].join(' '), body: JSON.stringify(good), fault };
}

const ledgerChange = fc
  .record({
    change: fc.record({
      entry_type: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom('PAYMENT', 'RECEIVE', 'RECEIVE', 'FEE') },
        {
          weight: 3,
          arbitrary: fc.constantFrom('REVERSAL', 'REVERSAL', 'CORRECTION', 'REFUND_OUT', 'REFUND_IN', 'HOLD'),
        },
      ),
      reverses_tx_id: fc.constantFrom(null, 'a', 'b', 'c', 'd', 'unknown'),
      amount,
      related_id: fc.oneof(orderId, fc.constant(null)),
      related_type: fc.constantFrom(null, null, 'PAYMENT_ORDER', 'PAYOUT'),
      event_time: fc.constantFrom('2026-11-22T10:00:00Z', '2026-11-22T10:00:01Z'),
      wallet_id: fc.constantFrom('w1', 'w2'),
      currency: fc.constantFrom(null, 'KRW'),
    }),
    revision,
  })
  .map(({ change, revision }) => ({ ...change, ...revision }));

const ledger = fc
  .record({ id: fc.constantFrom('a', 'b', 'c', 'd'), change: ledgerChange })
  .map(({ id, change }) => content('ledger', id, change, entry(id, change)));

const paymentOrder = fc
  .record({
    id: orderId,
    change: fc.record({ amount, status: fc.constantFrom('NEW', 'PAID', 'CANCELLED') }),
    revision,
  })
  .map(({ id, change, revision }) => {
    const all = { ...change, ...revision };
    return content('payment_order', id, all, order(id, all));
  });

const pair = fc
  .record({
    id: orderId,
    change: fc.record({
      payment_tx_id: fc.constantFrom('a', 'b'),
      receive_tx_id: fc.constantFrom('b', 'c'),
      payer_wallet_id: fc.constantFrom('w1', 'w2'),
      payee_wallet_id: fc.constantFrom('w1', 'w2'),
      amount,
      status: fc.constantFrom(null, 'CONFIRMED'),
      updated_at: fc.constantFrom('2026-11-22T11:00:00Z', '2026-11-22T11:00:01Z'),
      version: fc.constantFrom(null, 1),
    }),
  })
  .map(({ id, change }) => content('pair', id, change, confirmation(id, change)));

/** Malformed in ways that need the whole event to be told from a good one. */
const malformed = fc.oneof(
  fc
    .record({
      topic: fc.constantFrom(...RECORD_TOPICS),
      body: fc.constantFrom(['{', 'not_json'], ['[]', 'not_an_object'], ['{"tx_id":[]}', 'core_missing']),
    })
    .map(({ topic, body: [body, fault] }): Content => ({ topic, label: body!, body: body!, fault })),
  fc
    .record({
      id: fc.constantFrom('a', 'b'),
      change: ledgerChange,
      broken: fc.constantFrom(
        [{ amount: '5,0' }, 'core_invalid'],
        [{ version: -1 }, 'field_invalid'],
        [{ updated_at: '2026-11-23T11:00:00Z' }, 'timestamp_in_future'],
        [{ schema_version: 2 }, 'unsupported_schema_version'],
      ),
    })
    .map(({ id, change, broken: [break_, fault] }) => {
      const all = { ...change, ...(break_ as object) };
      return content('ledger', id, all, entry(id, all), fault as string);
    }),
);

const delivery = fc.record({ at: fc.nat(99), writer: fc.nat(3) });

/** The amount goes by a name that only the mended profile knows. */
const mendable = fc
  .record({ id: fc.constantFrom('a', 'b', 'c', 'd'), change: ledgerChange })
  .map(({ id, change }): Content => {
    const good = entry(id, change);
    const { amount, ...rest } = good as Record<string, unknown>;
    const renamed = content('ledger', id, { ...change, amount: 'as value' }, { ...rest, value: amount });
    return { ...renamed, fault: 'core_missing', mended: JSON.stringify(good) };
  });

/** A delete, newer than all that is stored of its key: as a state it would win. */
const ignoredEvent = fc
  .record({ id: fc.constantFrom('a', 'b', 'c', 'd'), change: ledgerChange })
  .map(({ id, change }): Content => {
    const deleted = { ...change, version: 9, __deleted: 'true' };
    return { ...content('ledger', id, deleted, entry(id, deleted)), ignored: 'always' };
  });

/** A tombstone in either of its forms. */
const ignoredByReplay = fc
  .record({
    topic: fc.constantFrom(...RECORD_TOPICS),
    body: fc.constantFrom(['', 'empty_body'], ['null', 'not_an_object']),
  })
  .map(
    ({ topic, body: [body, fault] }): Content => ({
      ...{ topic, label: `tombstone ${body}`, body: body!, fault },
      ignored: 'mended',
    }),
  );

const event = fc
  .record({
    content: fc.oneof(
      { weight: 8, arbitrary: ledger },
      { weight: 3, arbitrary: paymentOrder },
      { weight: 2, arbitrary: pair },
      { weight: 1, arbitrary: malformed },
      { weight: 1, arbitrary: mendable },
      { weight: 1, arbitrary: fc.oneof(ignoredEvent, ignoredByReplay) },
    ),
    place: fc.record({
      partition: fc.integer({ min: 0, max: 2 }),
      pause: fc.integer({ min: 0, max: 1 }),
      deliveries: fc.oneof(
        { weight: 9, arbitrary: fc.array(delivery, { minLength: 1, maxLength: 3 }) },
        { weight: 1, arbitrary: fc.constant([]) },
      ),
    }),
  })
  .map(({ content, place }): HistoryEvent => ({ ...content, ...place }));

const crash = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('statement' as const), at: fc.integer({ min: 1, max: 24 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('message' as const), at: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('answer' as const) }) },
);

const dump = fc
  .record({
    rows: fc.oneof(
      fc.array(ledger, { minLength: 1, maxLength: 5 }),
      fc.array(paymentOrder, { minLength: 1, maxLength: 3 }),
    ),
    asOf: fc.nat(4),
    writer: fc.nat(3),
    place: fc.nat(9),
    crash: fc.option(crash, { freq: 3 }),
  })
  .map(({ rows, ...rest }): HistoryDump => {
    const topic = rows[0]!.topic as HistoryDump['topic'];
    return { topic, rows: rows.map(({ label, body }) => ({ label, body })), ...rest };
  });

export const history: fc.Arbitrary<History> = fc.record({
  events: fc.array(event, { minLength: 1, maxLength: 24, size: 'max' }),
  dumps: fc.array(dump, { maxLength: 2 }),
  replays: fc.array(fc.record({ writer: fc.nat(3), place: fc.nat(9) }), { maxLength: 2 }),
  sweeps: fc.array(fc.record({ writer: fc.nat(3), place: fc.nat(9) }), { maxLength: 3 }),
  writers: fc.integer({ min: 1, max: 4 }),
  batchSize: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(72)),
  versionFirst: fc.boolean(),
  expectNewKeys: fc.boolean(),
  crowdLimit: fc.constantFrom(2, 64),
  crashes: fc.array(fc.record({ batch: fc.nat(9), crash, cut: fc.nat(2) }), { maxLength: 2 }),
});
