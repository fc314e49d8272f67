import { connectorMessage, isDelete, isMarkedDeleted } from '../../../shared/contracts/debezium.ts';
import { valueAt } from '../../../shared/contracts/envelope.ts';
import { isObject, type JsonObject } from '../../../shared/contracts/json.ts';
import type { NoRecord } from '../../../shared/contracts/openMessage.ts';

/** A message that holds no record; `operation`: the member that says so, where a profile has to name it. */
export interface FoundNoRecord {
  readonly kind: NoRecord;
  readonly operation?: { readonly path: readonly string[]; readonly value: string };
}

/** Members that say what was done, of a record and around one. */
const BESIDE_FIELDS = [['op'], ['operation'], ['__op']];
const AROUND_RECORD = [['type'], ['action'], ['metadata', 'operation'], ['iodebeziumop']];
const MEANS_DELETE = /^(?:d|deleted?|removed?)$/i;

/** What a message is, wherever its record would be; `object` is what it holds. */
export function noRecordOf(body: Buffer, object: JsonObject | undefined): FoundNoRecord | undefined {
  if (object === undefined) {
    return body.length === 0 || body.toString('latin1') === 'null' ? { kind: 'tombstones' } : undefined;
  }
  if (connectorMessage(object) !== undefined) return { kind: 'connector_messages' };
  const inner = [object['payload'], object['data'], object['after']].filter(isObject);
  const all = [object, ...inner];
  const after = all.flatMap(({ after: record }) => (isObject(record) ? [record] : []));
  if (all.some(isDelete) || [...all, ...after].some(isMarkedDeleted)) return { kind: 'deletes' };
  for (const path of inner.length > 0 ? [...BESIDE_FIELDS, ...AROUND_RECORD] : BESIDE_FIELDS) {
    const value = valueAt(object, path);
    if (typeof value === 'string' && MEANS_DELETE.test(value)) {
      return { kind: 'deletes', operation: { path, value } };
    }
  }
  return undefined;
}
