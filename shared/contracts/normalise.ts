import { isUnavailable } from './debezium.ts';
import { openEnvelope, valueAt } from './envelope.ts';
import type { FieldKind, LogicalTopic } from './fields.ts';
import { formOfPayload, formOfValue } from './forms.ts';
import { found } from './found.ts';
import { isObject, type JsonObject } from './json.ts';
import { nowhere } from './openMessage.ts';
import type { Contract, ContractField } from './profile.ts';
import { buildRecord, type FieldValues, type RecordOf } from './records.ts';
import { type Rejection, reject } from './rejection.ts';
import type { Microseconds } from './timestamp.ts';
import { type Money, sameMoney } from './values.ts';

export interface Normalised<T extends LogicalTopic> {
  readonly accepted: true;
  readonly record: RecordOf<T>;
  /** At least one field was found under an alias. */
  readonly aliasHit: boolean;
}

export interface RejectedPayload extends Rejection {
  readonly aliasHit: boolean;
}

/** What the rule about the future needs to know. Microseconds since 1970. */
export interface Clock {
  readonly enqueuedAt: Microseconds;
  /** How far `updated_at` may lie after the enqueue time; infinite to let any through. */
  readonly maxClockSkew: Microseconds;
}

/**
 * Turns a decoded body into a typed record by the rules of its contract (SPEC 2.1 to 2.3). The rules are checked
 * stage by stage; within a stage the first field in the table's order names the event.
 */
export function normalise<T extends LogicalTopic>(
  contract: Contract & { readonly logicalTopic: T },
  body: JsonObject,
  clock: Clock,
): Normalised<T> | RejectedPayload {
  const payload = openEnvelope(body, contract.envelope);
  if (payload === undefined) return { ...nowhere(body, contract.envelope), aliasHit: false };
  return normalisePayload(contract, body, payload, clock);
}

/** As {@link normalise}, of a message whose envelope is open. */
export function normalisePayload<T extends LogicalTopic>(
  contract: Contract & { readonly logicalTopic: T },
  root: JsonObject,
  payload: JsonObject,
  clock: Clock,
): Normalised<T> | RejectedPayload {
  const { values, aliasHit, fault } = readFields(contract, root, payload);
  if (fault !== undefined) return { ...fault, aliasHit };
  const name = contract.logicalTopic === 'control' ? 'generated_at' : 'updated_at';
  const updatedAt = values[name] as Microseconds | null;
  if (updatedAt !== null && updatedAt > clock.enqueuedAt + clock.maxClockSkew) {
    const rule = `${name}: later than the enqueue time by more than the clock skew`;
    return { ...reject('timestamp_in_future', rule), aliasHit };
  }
  return { accepted: true, record: buildRecord(contract.logicalTopic, values), aliasHit };
}

interface FieldsRead {
  readonly values: FieldValues;
  readonly aliasHit: boolean;
  readonly fault: Rejection | undefined;
}

/** What {@link readField} returns in place of a value. */
const MISSING = Symbol('missing');
const INVALID = Symbol('invalid');
const CONFLICT = Symbol('conflict');

/** Reads every field; keeps the first fault of each stage and returns the one whose stage comes first. */
function readFields(contract: Contract, root: JsonObject, payload: JsonObject): FieldsRead {
  const values: Record<string, unknown> = {};
  let aliasHit = false;
  let schemaVersion: Rejection | undefined;
  let conflict: Rejection | undefined;
  let missing: Rejection | undefined;
  let coreInvalid: Rejection | undefined;
  let fieldInvalid: Rejection | undefined;

  for (const field of contract.fields) {
    if (!aliasHit) aliasHit = hasAlias(field, root, payload);
    const value = readField(field, root, payload);
    if (value === MISSING) {
      values[field.name] = null;
      if (field.core && !fallsBack(field, root, payload, contract)) {
        missing ??= reject('core_missing', `${field.name}: missing, null or blank${inForm(payload)}`);
      }
    } else if (value === CONFLICT) {
      conflict ??= reject('alias_conflict', `${field.name}: ${nameOfPlaces(field)} differ`);
    } else if (value === INVALID) {
      const raw = firstInvalid(field, root, payload);
      const rule = `${field.name}: ${field.rule}; ${found(formOfValue(raw), field.kind)}`;
      if (field.kind === 'schema_version') schemaVersion = reject('unsupported_schema_version', rule);
      // The producer has the value, and did not send it: nothing about it is wrong.
      else if (isUnavailable(raw)) fieldInvalid ??= reject('field_invalid', rule);
      else if (field.core || standsIn(field, root, payload, contract))
        coreInvalid ??= reject('core_invalid', rule);
      else fieldInvalid ??= reject('field_invalid', rule);
    } else values[field.name] = value;
  }
  if (contract.logicalTopic === 'control') coreInvalid ??= windowFault(values);
  const fault = schemaVersion ?? conflict ?? missing ?? coreInvalid ?? fieldInvalid;
  return { values, aliasHit, fault };
}

const LONGEST_WINDOW = 24 * 3600 * 1_000_000;

/** A window is half-open, not empty, and a day long at most (SPEC 15). */
function windowFault(values: FieldValues): Rejection | undefined {
  const [start, end] = [values['window_start'], values['window_end']] as (Microseconds | null | undefined)[];
  if (typeof start !== 'number' || typeof end !== 'number') return undefined;
  if (end > start && end - start <= LONGEST_WINDOW) return undefined;
  return reject('core_invalid', 'window_end: must be later than window_start, by a day at most');
}

/** The first value of a field that can't be read. */
function firstInvalid(field: ContractField, root: JsonObject, payload: JsonObject): unknown {
  for (let index = 0; index < field.places; index++) {
    const raw = presentAt(field, root, payload, index);
    if (raw !== undefined && field.read(raw, root, index) === undefined) return raw;
  }
  return undefined;
}

function inForm(payload: JsonObject): string {
  const form = formOfPayload(payload);
  return form === undefined ? '' : `; ${found(form)}`;
}

function hasAlias(field: ContractField, root: JsonObject, payload: JsonObject): boolean {
  for (let index = 1; index < field.places; index++) {
    if (presentAt(field, root, payload, index) !== undefined) return true;
  }
  return false;
}

function nameOfPlaces({ names, paths, rootPaths }: ContractField): string {
  const fromRoot = rootPaths.map((path) => `(root).${path.join('.')}`);
  return [...names, ...paths.map((path) => path.join('.')), ...fromRoot].join(', ');
}

/**
 * The value in one of a field's places: its names, its paths from the record, its paths from the message; `undefined` where it
 * counts as missing.
 */
function presentAt(field: ContractField, root: JsonObject, payload: JsonObject, index: number): unknown {
  const { names, paths, rootPaths } = field;
  if (index < names.length) {
    const value = present(payload, names[index]!);
    if (paths.length === 0) return value;
    // What a path leads through is no value itself.
    return isObject(value) && paths.some(([first]) => first === names[index]) ? undefined : value;
  }
  const ofRecord = paths[index - names.length];
  const path = ofRecord ?? rootPaths[index - names.length - paths.length]!;
  const parent = valueAt(ofRecord === undefined ? root : payload, path.slice(0, -1));
  return isObject(parent) ? present(parent, path.at(-1)!) : undefined;
}

/** The field's value, or one of the symbols above. All places of it that hold one have to agree. */
function readField(field: ContractField, root: JsonObject, payload: JsonObject): unknown {
  let value: unknown = MISSING;
  let agree = true;
  const { names, places } = field;
  for (let index = 0; index < places; index++) {
    const raw =
      places === names.length ? present(payload, names[index]!) : presentAt(field, root, payload, index);
    if (raw === undefined) continue;
    const parsed = field.read(raw, root, index);
    if (parsed === undefined) return INVALID;
    if (value === MISSING) value = parsed;
    else agree &&= sameValue(field.kind, value, parsed);
  }
  return agree ? value : CONFLICT;
}

/** A member's value with strings trimmed, or `undefined` where it counts as missing (SPEC 2.1). */
export function present(payload: JsonObject, name: string): unknown {
  const value = payload[name];
  if (typeof value === 'string') {
    const trimmed = value.trim();
    return trimmed === '' ? undefined : trimmed;
  }
  // JSON has no functions: this one is a member of every object, such as `constructor`.
  return value === null || typeof value === 'function' ? undefined : value;
}

/** `event_time` may be absent where its fallback is there. */
function fallsBack(field: ContractField, root: JsonObject, payload: JsonObject, contract: Contract): boolean {
  if (contract.logicalTopic !== 'ledger' || field.name !== 'event_time') return false;
  const fallback = contract.fields.find((other) => other.name === 'source_created_at')!;
  return isPresent(fallback, root, payload);
}

/** `source_created_at` is a core field where it stands in for an absent `event_time`. */
function standsIn(field: ContractField, root: JsonObject, payload: JsonObject, contract: Contract): boolean {
  if (contract.logicalTopic !== 'ledger' || field.name !== 'source_created_at') return false;
  const eventTime = contract.fields.find((other) => other.name === 'event_time')!;
  return !isPresent(eventTime, root, payload);
}

function isPresent(field: ContractField, root: JsonObject, payload: JsonObject): boolean {
  return presentAt(field, root, payload, 0) !== undefined || hasAlias(field, root, payload);
}

function sameValue(kind: FieldKind, a: unknown, b: unknown): boolean {
  return kind === 'money' ? sameMoney(a as Money, b as Money) : a === b;
}
