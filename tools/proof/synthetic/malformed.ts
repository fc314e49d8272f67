import type { Random } from './random.ts';

/** A body that no contract accepts, and the reason that it has to be given (SPEC 2.3). */
export interface MalformedBody {
  readonly reason: string;
  readonly body: Buffer;
}

type Payload = Readonly<Record<string, unknown>>;
type Break = (payload: Payload) => Payload | Buffer;

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

/** Every reason that a producer can cause. `rejected_by_database` is left: the contract keeps it from happening. */
const BREAKS: Readonly<Record<string, Break>> = {
  empty_body: () => Buffer.alloc(0),
  not_utf8: (payload) => Buffer.concat([Buffer.from([0xff, 0xfe]), json(payload)]),
  not_json: (payload) => json(payload).subarray(0, -1),
  not_an_object: (payload) => json([payload]),
  unsupported_schema_version: (payload) => ({ ...payload, schema_version: '2.0' }),
  alias_conflict: (payload) => ({ ...payload, version: 1, source_version: 2 }),
  core_missing: (payload) => ({ ...payload, amount: null }),
  core_invalid: (payload) => ({ ...payload, amount: '12,50' }),
  field_invalid: (payload) => ({ ...payload, occurred_at: 'yesterday' }),
  timestamp_in_future: (payload) => ({
    ...payload,
    updated_at: new Date(Date.now() + 3_600_000).toISOString(),
  }),
};

const REASONS = Object.keys(BREAKS);

/** Breaks a good payload in one way. */
export function malformed(random: Random, payload: Payload): MalformedBody {
  const reason = random.pick(REASONS);
  const broken = BREAKS[reason]!(payload);
  return { reason, body: Buffer.isBuffer(broken) ? broken : json(broken) };
}
