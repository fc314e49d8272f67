import { isObject, type JsonObject } from './json.ts';

/** What Debezium writes (its documentation, "Data change events", "Heartbeat", "Transaction metadata", "Schema change topic"). */

/** Stands for a large value that an update left alone and the connector does not have (`unavailable.value.placeholder`). */
const UNAVAILABLE_VALUE = '__debezium_unavailable_value';
const UNAVAILABLE_BYTES = Buffer.from(UNAVAILABLE_VALUE).toString('base64');

/** Whether a value stands for one that is not there; in a column of bytes it is base64. */
export function isUnavailable(value: unknown): boolean {
  return value === UNAVAILABLE_VALUE || value === UNAVAILABLE_BYTES;
}

/** The operations that take rows away: `d` one, `t` (truncate) all of them. */
const DELETES: readonly unknown[] = ['d', 't'];

/** Whether a change event, the object that has `op`, `before` and `after`, takes its record away. */
export function isDelete(change: unknown): boolean {
  return isObject(change) && DELETES.includes(change['op']) && !isObject(change['after']);
}

/** Whether the unwrap transform (ExtractNewRecordState, `rewrite`) marked a record as deleted; its last state stands beside. */
export function isMarkedDeleted(record: JsonObject): boolean {
  const deleted = record['__deleted'];
  return deleted === 'true' || deleted === true;
}

/** What a connector writes besides changes of rows, in words; `undefined` for anything else. */
export function connectorMessage(message: JsonObject): string | undefined {
  const wrapped = isObject(message['payload']) && 'schema' in message;
  const value = wrapped ? (message['payload'] as JsonObject) : message;
  const has = (...names: readonly string[]) => names.every((name) => Object.hasOwn(value, name));
  const hasOnly = (...names: readonly string[]) => Object.keys(value).every((name) => names.includes(name));
  if (has('ts_ms') && hasOnly(...CLOCKS)) return "a connector's heartbeat";
  if (has('status', 'id') && hasOnly('status', 'id', 'event_count', 'data_collections', ...CLOCKS)) {
    return "a connector's transaction boundary";
  }
  if (has('ddl', 'databaseName') && !has('op')) return "a connector's schema change";
  if (value['op'] === 'm' && has('message') && !has('after')) return "a connector's logical message";
  return undefined;
}

/** When a message was made, in milliseconds and finer. */
const CLOCKS = ['ts_ms', 'ts_us', 'ts_ns'];
