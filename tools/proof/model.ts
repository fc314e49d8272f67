import { Temporal } from 'temporal-polyfill';
import type { RecordTopic } from '../../shared/contracts/fields.ts';
import type { LoggedEvent } from './brokerLog.ts';
import { settlements } from './settlement.ts';

/**
 * What the tables have to hold, computed from the broker's log alone. It shares no code with the product, knows
 * neither batches nor retries, and is short enough to be checked by reading: per key the event of highest
 * precedence; per order the pair that follows from them.
 */

/** Column → value as text; `null` for SQL NULL. Money without trailing zeros, times in microseconds. */
export type Row = Readonly<Record<string, string | null>>;

export interface Model {
  readonly tables: Readonly<
    Record<
      'ledger_entries' | 'payment_orders' | 'payment_ledger_pairs' | 'payment_settlements',
      Map<string, Row>
    >
  >;
  /** Position → reason; `*` where any reason will do. */
  readonly deadLetters: Map<string, string>;
}

type Kind = 'text' | 'money' | 'time';
type Column = readonly [column: string, kind: Kind, ...names: string[]];

const REVISION: readonly Column[] = [
  ['updated_at', 'time', 'updated_at'],
  ['source_version', 'text', 'version', 'source_version'],
  ['occurred_at', 'time', 'occurred_at'],
  ['schema_version', 'text', 'schema_version'],
];

const COLUMNS: Record<RecordTopic, readonly Column[]> = {
  ledger: [
    ['tx_id', 'text', 'tx_id'],
    ['wallet_id', 'text', 'wallet_id'],
    ['entry_type', 'text', 'entry_type', 'type'],
    ['amount', 'money', 'amount'],
    ['event_time', 'time', 'event_time', 'source_created_at', 'created_at'],
    ['created_at', 'time', 'source_created_at', 'created_at', 'event_time'],
    ['amount_signed', 'money', 'amount_signed'],
    ['related_id', 'text', 'related_id'],
    ['related_type', 'text', 'related_type'],
    ['reverses_tx_id', 'text', 'reverses_tx_id'],
    ['currency', 'text', 'currency'],
    ...REVISION,
  ],
  payment_order: [
    ['order_id', 'text', 'order_id'],
    ['amount', 'money', 'amount'],
    ['status', 'text', 'status'],
    ['created_at', 'time', 'created_at'],
    ['user_id', 'text', 'user_id'],
    ['merchant_name', 'text', 'merchant_name'],
    ...REVISION,
  ],
  pair: [
    ['payment_order_id', 'text', 'payment_order_id'],
    ['payment_tx_id', 'text', 'payment_tx_id'],
    ['receive_tx_id', 'text', 'receive_tx_id'],
    ['payer_wallet_id', 'text', 'payer_wallet_id'],
    ['payee_wallet_id', 'text', 'payee_wallet_id'],
    ['amount', 'money', 'amount'],
    ['updated_at', 'time', 'updated_at'],
    ['status', 'text', 'status'],
    ...REVISION.slice(1),
  ],
};

/** Leading columns without which there is no record. */
const CORE: Record<RecordTopic, number> = { ledger: 6, payment_order: 4, pair: 7 };

/** The event of highest precedence of each key. */
export type Highest = Readonly<Record<RecordTopic, Map<string, Row>>>;

export function model(log: readonly LoggedEvent[], versionFirst = false): Model {
  const highest = nothing();
  const deadLetters = new Map<string, string>();
  for (const event of log) {
    if (event.ignored === true) continue;
    const row = rowOf(event);
    if (row === undefined) deadLetters.set(positionText(event), event.fault ?? '*');
    else keepHighest(highest, event.topic, row, versionFirst);
  }
  return {
    tables: {
      ledger_entries: highest.ledger,
      payment_orders: highest.payment_order,
      payment_ledger_pairs: pairs(highest),
      payment_settlements: settlements(highest.ledger, highest.payment_order),
    },
    deadLetters,
  };
}

export function nothing(): Highest {
  return { ledger: new Map(), payment_order: new Map(), pair: new Map() };
}

export function keepHighest(highest: Highest, topic: RecordTopic, row: Row, versionFirst = false): void {
  const rows = highest[topic];
  const key = keyOf(topic, row);
  const holder = rows.get(key);
  if (holder === undefined || outranks(row, holder, versionFirst)) rows.set(key, row);
}

export function keyOf(topic: RecordTopic, row: Row): string {
  return row[COLUMNS[topic][0]![0]]!;
}

/** A hub that was recreated begins again with the same numbers: the enqueue time tells them apart. */
export function positionText({
  topic,
  partition,
  sequenceNumber,
  enqueuedAt,
}: Pick<LoggedEvent, 'topic' | 'partition' | 'sequenceNumber' | 'enqueuedAt'>): string {
  return `${topic}/${partition}/${sequenceNumber}@${enqueuedAt}`;
}

/** The row that an event asks for; none where it is malformed. */
export function rowOf(event: LoggedEvent): Row | undefined {
  if (event.fault !== undefined) return undefined;
  try {
    const payload = parse(event.body.toString('utf8'));
    const row: Record<string, string | null> = {
      source_enqueued_at: `${event.enqueuedAt}000`,
      source_partition: String(event.partition),
      source_sequence: String(event.sequenceNumber),
    };
    COLUMNS[event.topic].forEach(([column, kind, ...names], index) => {
      const raw = names.map((name) => payload[name]).find((value) => value !== undefined && value !== null);
      if (raw === undefined && index < CORE[event.topic]) throw new Error(`no ${column}`);
      row[column] = raw === undefined ? null : valueText(kind, raw);
    });
    return row;
  } catch {
    return undefined;
  }
}

/** Numbers as they were written. */
function parse(text: string): Record<string, unknown> {
  const keep = ((_name: string, value: unknown, context: { source?: string }) =>
    typeof value === 'number' ? { digits: context.source } : value) as (
    name: string,
    value: unknown,
  ) => unknown;
  return JSON.parse(text, keep) as Record<string, unknown>;
}

function valueText(kind: Kind, raw: unknown): string {
  const text = typeof raw === 'string' ? raw.trim() : (raw as { digits: string }).digits;
  if (kind === 'text') return text;
  if (kind === 'money') return moneyText(text);
  if (typeof raw !== 'string') return `${text}000`;
  const zoned = /(?:[Zz]|[+-]\d\d(?::?\d\d)?)$/.test(text.slice(19)) ? text : `${text}Z`;
  return String(Temporal.Instant.from(zoned).epochNanoseconds / 1000n);
}

export function moneyText(text: string): string {
  if (!/^-?\d+(\.\d+)?$/.test(text)) throw new Error('not plain money');
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** `(updated_at, version, enqueued_at, partition, sequence)`, absent ones first; or with `version` first. */
function outranks(a: Row, b: Row, versionFirst: boolean): boolean {
  const revision = versionFirst ? ['source_version', 'updated_at'] : ['updated_at', 'source_version'];
  for (const axis of [...revision, 'source_enqueued_at', 'source_partition', 'source_sequence']) {
    const difference = BigInt(a[axis] ?? -1) - BigInt(b[axis] ?? -1);
    if (difference !== 0n) return difference > 0n;
  }
  return false;
}

export function pairs(highest: Highest): Map<string, Row> {
  const groups = new Map<string, Row[]>([...highest.pair.keys()].map((id) => [id, []]));
  for (const entry of highest.ledger.values()) {
    const paired = ['PAYMENT', 'RECEIVE'].includes(entry['entry_type']!);
    const ours = entry['related_type'] === null || entry['related_type'] === 'PAYMENT_ORDER';
    const id = entry['related_id'];
    if (paired && ours && id) groups.set(id, [...(groups.get(id) ?? []), entry]);
  }
  return new Map(
    [...groups].map(([id, entries]) => [
      id,
      pairOf(id, entries, highest.payment_order.get(id), highest.pair.get(id)),
    ]),
  );
}

function pairOf(id: string, entries: Row[], order: Row | undefined, confirmation: Row | undefined): Row {
  const earliestFirst = (a: Row, b: Row) =>
    Number(BigInt(a['event_time']!) - BigInt(b['event_time']!)) || (a['tx_id']! < b['tx_id']! ? -1 : 1);
  const of = (type: string) => entries.filter((entry) => entry['entry_type'] === type).sort(earliestFirst);
  const payments = of('PAYMENT');
  const receives = of('RECEIVE');
  const [payment] = payments;
  const [receive] = receives;
  const absolute = (amount: string | null | undefined) => amount?.replace('-', '');
  const agrees = (group: Row[], tx: string, wallet: string) =>
    group.length === 0 ||
    group.some(
      (entry) =>
        entry['tx_id'] === confirmation![tx] &&
        entry['wallet_id'] === confirmation![wallet] &&
        absolute(entry['amount']) === absolute(confirmation!['amount']),
    );
  const complete = confirmation !== undefined || (payments.length === 1 && receives.length === 1);
  const ambiguous = payments.length > 1 || receives.length > 1;
  return {
    payment_order_id: id,
    payment_tx_id: confirmation?.['payment_tx_id'] ?? payment?.['tx_id'] ?? null,
    receive_tx_id: confirmation?.['receive_tx_id'] ?? receive?.['tx_id'] ?? null,
    payer_wallet_id: confirmation?.['payer_wallet_id'] ?? payment?.['wallet_id'] ?? null,
    payee_wallet_id: confirmation?.['payee_wallet_id'] ?? receive?.['wallet_id'] ?? null,
    amount: (confirmation ?? order ?? payment ?? receive)!['amount']!,
    status: confirmation?.['status'] ?? order?.['status'] ?? null,
    event_time: entries.map((entry) => entry['event_time']!).reduce(latest, null as string | null),
    pairing_status: complete ? 'COMPLETE' : ambiguous ? 'AMBIGUOUS' : 'INCOMPLETE',
    mismatch: String(
      confirmation !== undefined
        ? !agrees(payments, 'payment_tx_id', 'payer_wallet_id') ||
            !agrees(receives, 'receive_tx_id', 'payee_wallet_id')
        : payment !== undefined &&
            receive !== undefined &&
            absolute(payment['amount']) !== absolute(receive['amount']),
    ),
  };
}

function latest(a: string | null, b: string): string {
  return a !== null && BigInt(a) > BigInt(b) ? a : b;
}
