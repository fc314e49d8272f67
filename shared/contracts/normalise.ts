import type { FieldKind, LogicalTopic } from './fields.ts';
import { formOfPayload, formOfValue } from './forms.ts';
import { isObject, type JsonObject } from './json.ts';
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
  if (payload === undefined) {
    const fault = reject('core_missing', `the envelope path ${contract.envelope.join('.')} leads nowhere`);
    return { ...fault, aliasHit: false };
  }
  const { values, aliasHit, fault } = readFields(contract, body, payload);
  if (fault !== undefined) return { ...fault, aliasHit };
  const updatedAt = values['updated_at'] as Microseconds | null;
  if (updatedAt !== null && updatedAt > clock.enqueuedAt + clock.maxClockSkew) {
    const rule = 'updated_at: later than the enqueue time by more than the clock skew';
    return { ...reject('timestamp_in_future', rule), aliasHit };
  }
  return { accepted: true, record: buildRecord(contract.logicalTopic, values), aliasHit };
}

function openEnvelope(body: JsonObject, path: readonly string[]): JsonObject | undefined {
  let payload: JsonObject = body;
  for (const member of path) {
    const value = Object.hasOwn(payload, member) ? payload[member] : undefined;
    if (!isObject(value)) return undefined;
    payload = value;
  }
  return payload;
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
    if (!aliasHit) aliasHit = hasAlias(field, payload);
    const value = readField(field, root, payload);
    if (value === MISSING) {
      values[field.name] = null;
      if (field.core && !fallsBack(field, payload, contract)) {
        missing ??= reject('core_missing', `${field.name}: missing, null or blank${inForm(payload)}`);
      }
    } else if (value === CONFLICT) {
      conflict ??= reject('alias_conflict', `${field.name}: ${nameOfPlaces(field)} differ`);
    } else if (value === INVALID) {
      const rule = `${field.name}: ${field.rule}; found ${formOfPlaces(field, root, payload)}`;
      if (field.kind === 'schema_version') schemaVersion = reject('unsupported_schema_version', rule);
      else if (field.core || standsIn(field, payload, contract)) coreInvalid ??= reject('core_invalid', rule);
      else fieldInvalid ??= reject('field_invalid', rule);
    } else values[field.name] = value;
  }
  const fault = schemaVersion ?? conflict ?? missing ?? coreInvalid ?? fieldInvalid;
  return { values, aliasHit, fault };
}

/** The form of the first value of a field that can't be read. */
function formOfPlaces(field: ContractField, root: JsonObject, payload: JsonObject): string {
  for (let index = 0; index < field.names.length + field.paths.length; index++) {
    const raw = presentAt(field, payload, index);
    if (raw !== undefined && field.read(raw, root, index) === undefined) return formOfValue(raw);
  }
  return 'nothing';
}

function inForm(payload: JsonObject): string {
  const form = formOfPayload(payload);
  return form === undefined ? '' : `; found ${form}`;
}

function hasAlias(field: ContractField, payload: JsonObject): boolean {
  const places = field.names.length + field.paths.length;
  for (let index = 1; index < places; index++) {
    if (presentAt(field, payload, index) !== undefined) return true;
  }
  return false;
}

function nameOfPlaces({ names, paths }: ContractField): string {
  return [...names, ...paths.map((path) => path.join('.'))].join(', ');
}

/** The value in one of a field's places, its names and then its paths, or `undefined` where it counts as missing. */
function presentAt(field: ContractField, payload: JsonObject, index: number): unknown {
  const { names, paths } = field;
  if (index >= names.length) {
    const path = paths[index - names.length]!;
    const parent = openEnvelope(payload, path.slice(0, -1));
    return parent === undefined ? undefined : present(parent, path.at(-1)!);
  }
  const value = present(payload, names[index]!);
  if (paths.length === 0) return value;
  // What a path leads through is no value itself.
  return isObject(value) && paths.some(([first]) => first === names[index]) ? undefined : value;
}

/** The field's value, or one of the symbols above. All places of it that hold one have to agree. */
function readField(field: ContractField, root: JsonObject, payload: JsonObject): unknown {
  let value: unknown = MISSING;
  let agree = true;
  const { names, paths } = field;
  const places = names.length + paths.length;
  for (let index = 0; index < places; index++) {
    const raw = paths.length === 0 ? present(payload, names[index]!) : presentAt(field, payload, index);
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
function fallsBack(field: ContractField, payload: JsonObject, contract: Contract): boolean {
  if (contract.logicalTopic !== 'ledger' || field.name !== 'event_time') return false;
  const fallback = contract.fields.find((other) => other.name === 'source_created_at')!;
  return isPresent(fallback, payload);
}

/** `source_created_at` is a core field where it stands in for an absent `event_time`. */
function standsIn(field: ContractField, payload: JsonObject, contract: Contract): boolean {
  if (contract.logicalTopic !== 'ledger' || field.name !== 'source_created_at') return false;
  const eventTime = contract.fields.find((other) => other.name === 'event_time')!;
  return !isPresent(eventTime, payload);
}

function isPresent(field: ContractField, payload: JsonObject): boolean {
  return presentAt(field, payload, 0) !== undefined || hasAlias(field, payload);
}

function sameValue(kind: FieldKind, a: unknown, b: unknown): boolean {
  return kind === 'money' ? sameMoney(a as Money, b as Money) : a === b;
}
