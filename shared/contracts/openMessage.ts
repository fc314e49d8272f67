import { type AvroMessage, decodeAvro, type KnownSchemas } from './avro.ts';
import { connectorMessage, isDelete, isMarkedDeleted } from './debezium.ts';
import { decodeJson, type Encoding, noObject } from './decode.ts';
import { type EnvelopeStep, envelopeText, openEnvelope, valueAt } from './envelope.ts';
import { formOfMessage } from './forms.ts';
import { found } from './found.ts';
import { isObject, type JsonObject } from './json.ts';
import { type Rejection, reject } from './rejection.ts';
import { numberText } from './values.ts';

/** What a message can be that holds no state of a record: a profile may have it ignored. */
export const NO_RECORDS = ['deletes', 'tombstones', 'connector_messages'] as const;
export type NoRecord = (typeof NO_RECORDS)[number];

/** A member that says what was done to the record, and its values that mean that the record was deleted. */
export interface Operation {
  readonly path: readonly string[];
  readonly deletes: readonly string[];
}

/** The part of a contract that says where the record is in a message (SPEC 2.1, 2.4). */
export interface MessageRules {
  readonly encoding: Encoding;
  readonly envelope: readonly EnvelopeStep[];
  readonly operation: Operation | undefined;
  readonly ignored: ReadonlySet<NoRecord>;
}

const NO_SCHEMAS: KnownSchemas = new Map();

/** A record with the message around it; else there is none, and the message is passed over or becomes a dead letter. */
export type OpenedMessage =
  | { readonly kind: 'record'; readonly root: JsonObject; readonly payload: JsonObject }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'rejected'; readonly rejection: Rejection };

/**
 * Opens the body of an event. Never throws for what is in it.
 * @param schemas those that Avro messages were written by.
 */
export function openMessage(
  rules: MessageRules,
  message: AvroMessage,
  schemas: KnownSchemas = NO_SCHEMAS,
): OpenedMessage {
  const { body } = message;
  const { encoding } = rules;
  const decoded = encoding === 'avro' ? decodeAvro(message, schemas) : decodeJson(body, encoding);
  if (!decoded.accepted) {
    return body.length === 0 ? noRecord(rules, 'tombstones', decoded) : rejected(decoded);
  }
  const { value } = decoded;
  // The four bytes `null` are what a converter writes of a tombstone that a transform made.
  if (value === null) return noRecord(rules, 'tombstones', noObject(value));
  const [first] = rules.envelope;
  const isText = typeof first === 'object';
  const root = isText ? openEnvelope(value, [first]) : value;
  if (!isObject(root)) return rejected(noObject(value));
  if (rules.ignored.has('connector_messages') && connectorMessage(root) !== undefined) {
    return { kind: 'ignored' };
  }
  if (rules.operation !== undefined && isDeletedBy(rules.operation, root)) {
    return noRecord(rules, 'deletes', deleted());
  }
  // A text is parsed once.
  const payload = openEnvelope(root, isText ? rules.envelope.slice(1) : rules.envelope);
  if (payload === undefined) return withoutPayload(rules, value, root);
  if (isMarkedDeleted(payload)) return noRecord(rules, 'deletes', deleted());
  return { kind: 'record', root, payload };
}

/** The rejection of a message whose envelope leads to no record. */
export function nowhere(message: JsonObject, envelope: readonly EnvelopeStep[]): Rejection {
  const form = formOfMessage(message);
  const end = form === undefined ? '' : `; ${found(form)}`;
  return reject('core_missing', `the envelope path ${envelopeText(envelope)} leads nowhere${end}`);
}

function withoutPayload(rules: MessageRules, value: unknown, root: JsonObject): OpenedMessage {
  const change = openEnvelope(value, rules.envelope.slice(0, -1));
  const rejection = nowhere(root, rules.envelope);
  return rules.envelope.at(-1) === 'after' && isDelete(change)
    ? noRecord(rules, 'deletes', rejection)
    : rejected(rejection);
}

function noRecord({ ignored }: MessageRules, what: NoRecord, rejection: Rejection): OpenedMessage {
  return ignored.has(what) ? { kind: 'ignored' } : rejected(rejection);
}

function rejected(rejection: Rejection): OpenedMessage {
  return { kind: 'rejected', rejection };
}

function isDeletedBy({ path, deletes }: Operation, root: JsonObject): boolean {
  const value = valueAt(root, path);
  const text = typeof value === 'boolean' ? String(value) : (numberText(value) ?? value);
  return typeof text === 'string' && deletes.includes(text);
}

function deleted(): Rejection {
  return reject('core_missing', 'the message says that its record was deleted, and rows are never deleted');
}
