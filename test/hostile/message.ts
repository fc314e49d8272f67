import type { RecordTopic } from '../../shared/contracts/fields.ts';
import type { RejectionReason } from '../../shared/contracts/rejection.ts';

/** What has to become of a message, by SPEC 2: the row that holds it, or the reason and the field of its dead letter. */
export type Expected =
  | { readonly row: Readonly<Record<string, string | null>> }
  | { readonly reason: RejectionReason; readonly field?: string }
  /** Nothing but that it is one of the two: JSON that is nested absurdly deep. */
  | { readonly reasonOrRow: RejectionReason };

export interface HostileMessage {
  readonly name: string;
  readonly topic: RecordTopic;
  /** The exact bytes. The id is the record's key, unless the message brings its own. */
  readonly body: (id: string) => Buffer;
  readonly expected: Expected;
}

/** A row with these columns as PostgreSQL writes them, in UTC. */
export const row = (columns: Readonly<Record<string, string | null>> = {}): Expected => ({ row: columns });
/** A dead letter; its detail begins with the field. */
export const dead = (reason: RejectionReason, field?: string): Expected =>
  field === undefined ? { reason } : { reason, field };

/** Member name → its JSON text, just as it stands in the body. `undefined` leaves the member out. */
export type Members = Readonly<Record<string, string | undefined>>;

/** The least that is accepted. Times lie in the past on any machine's clock. */
const BASE: Readonly<Record<RecordTopic, (id: string) => Members>> = {
  ledger: (id) => ({
    tx_id: `"${id}"`,
    wallet_id: '"wallet"',
    entry_type: '"FEE"',
    amount: '5',
    event_time: '"2020-01-02T03:04:05Z"',
  }),
  payment_order: (id) => ({
    order_id: `"${id}"`,
    amount: '5',
    status: '"PAID"',
    created_at: '"2020-01-02T03:04:05Z"',
  }),
  pair: (id) => ({
    payment_order_id: `"${id}"`,
    payment_tx_id: '"p"',
    receive_tx_id: '"r"',
    payer_wallet_id: '"a"',
    payee_wallet_id: '"b"',
    amount: '5',
    updated_at: '"2020-01-02T03:04:05Z"',
  }),
};

/** The core fields of SPEC 2; `event_time` stands for itself and its fallback. */
const CORE: Readonly<Record<RecordTopic, readonly string[]>> = {
  ledger: ['tx_id', 'wallet_id', 'entry_type', 'amount', 'event_time'],
  payment_order: ['order_id', 'amount', 'status', 'created_at'],
  pair: [
    'payment_order_id',
    'payment_tx_id',
    'receive_tx_id',
    'payer_wallet_id',
    'payee_wallet_id',
    'amount',
    'updated_at',
  ],
};

/** The column of a field, where it is not the field's own name. */
const COLUMN: Readonly<Record<string, string>> = {
  version: 'source_version',
  source_created_at: 'created_at',
};

export function objectText(members: Members): string {
  const written = Object.entries(members).filter(([, json]) => json !== undefined);
  return `{${written.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}

/** The JSON text of a good body with these members instead of, or besides, its own. */
export function goodBody(topic: RecordTopic, id: string, members: Members = {}): string {
  return objectText({ ...BASE[topic](id), ...members });
}

/** A message that is good but for these members. */
export function message(
  topic: RecordTopic,
  name: string,
  members: Members,
  expected: Expected,
): HostileMessage {
  return { name, topic, body: (id) => Buffer.from(goodBody(topic, id, members)), expected };
}

/** A ledger message of exactly these bytes, or this text. */
export function bytes(
  name: string,
  body: string | Buffer | readonly number[],
  expected: Expected,
): HostileMessage {
  return { name, topic: 'ledger', body: () => Buffer.from(body as string), expected };
}

/** A ledger message made of a good body's text. */
export function bodyFrom(
  name: string,
  change: (good: string) => string | Buffer,
  expected: Expected,
): HostileMessage {
  return {
    name,
    topic: 'ledger',
    body: (id) => Buffer.from(change(goodBody('ledger', id)) as string),
    expected,
  };
}

export const INVALID = Symbol('invalid');
export const MISSING = Symbol('missing');
/** A value's JSON text, and what its column holds then. */
export type ValueCase = readonly [json: string, stored: string | typeof INVALID | typeof MISSING];

/** One message for each value of a field. */
export function valuesOf(
  topic: RecordTopic,
  field: string,
  cases: readonly ValueCase[],
  others: Members = {},
): HostileMessage[] {
  const core = CORE[topic].includes(field);
  const column = COLUMN[field] ?? field;
  const otherwise = field === 'schema_version' ? 'unsupported_schema_version' : 'field_invalid';
  return cases.map(([json, stored]) => {
    let expected: Expected;
    if (stored === INVALID) expected = dead(core ? 'core_invalid' : otherwise, field);
    else if (stored === MISSING) expected = core ? dead('core_missing', field) : row({ [column]: null });
    else expected = row({ [column]: stored });
    return message(topic, `${field} ${short(json)}`, { ...others, [field]: json }, expected);
  });
}

function short(json: string): string {
  return json.length <= 60 ? json : `${json.slice(0, 30)}...(${json.length} characters)`;
}
