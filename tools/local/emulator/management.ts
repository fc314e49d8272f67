/** The `$management` endpoint: the properties of hubs and partitions. */
import {
  encodeBoolean,
  encodeInt,
  encodeLong,
  encodeString,
  encodeStringArray,
  encodeTimestamp,
} from './amqp/encode.ts';
import type { Hub, Partition } from './hub.ts';
import { isRefusal, type Refusal } from './refusal.ts';
import { type Request, type Response, textProperty } from './requests.ts';

const HUB_TYPE = 'com.microsoft:eventhub';
const PARTITION_TYPE = 'com.microsoft:partition';

/** Answers a READ of a hub or a partition. */
export function readProperties(findHub: (name: string) => Hub | Refusal, request: Request): Response {
  const type = textProperty(request, 'type');
  if (textProperty(request, 'operation') !== 'READ' || (type !== HUB_TYPE && type !== PARTITION_TYPE)) {
    return refused(400, {
      condition: 'amqp:not-implemented',
      description: 'Only READ of an event hub or a partition is supported.',
    });
  }
  const hub = findHub(textProperty(request, 'name'));
  if (isRefusal(hub)) return refused(404, hub);
  if (type === HUB_TYPE) return found(hubProperties(hub));
  const partition = hub.partition(textProperty(request, 'partition'));
  return isRefusal(partition) ? refused(400, partition) : found(partitionProperties(hub, partition));
}

function hubProperties(hub: Hub): Record<string, Buffer> {
  const ids = hub.partitions.map((partition) => partition.id);
  return {
    name: encodeString(hub.name),
    type: encodeString(HUB_TYPE),
    created_at: encodeTimestamp(hub.createdAt.getTime()),
    partition_count: encodeInt(ids.length),
    partition_ids: encodeStringArray(ids),
    georeplication_factor: encodeInt(1),
  };
}

/** An empty partition has -1 as its last sequence number and offset, and begins at the number to come. */
function partitionProperties(hub: Hub, { id, log }: Partition): Record<string, Buffer> {
  const { last, beginSequenceNumber, nextSequenceNumber } = log;
  return {
    name: encodeString(hub.name),
    type: encodeString(PARTITION_TYPE),
    partition: encodeString(id),
    begin_sequence_number: encodeLong(beginSequenceNumber),
    last_enqueued_sequence_number: encodeLong(last?.sequenceNumber ?? -1),
    last_enqueued_offset: encodeString(String(last?.offset ?? -1)),
    last_enqueued_time_utc: encodeTimestamp(last?.enqueuedTime ?? 0),
    is_partition_empty: encodeBoolean(beginSequenceNumber === nextSequenceNumber),
  };
}

function found(body: Record<string, Buffer>): Response {
  return { statusCode: 200, statusDescription: 'OK', body };
}

function refused(statusCode: number, refusal: Refusal): Response {
  return { statusCode, statusDescription: refusal.description, condition: refusal.condition };
}
