/** The `$management` endpoint: the properties of hubs and partitions. */
import rhea, { type Message } from 'rhea';
import type { Hub, Partition } from './hub.ts';
import { isRefusal, type Refusal } from './refusal.ts';
import { type Response, textProperty } from './requests.ts';

const HUB_TYPE = 'com.microsoft:eventhub';
const PARTITION_TYPE = 'com.microsoft:partition';
/** Type code of short strings (AMQP 1.0, 1.6.20), the elements of the array of partition ids. */
const STR8 = 0xa1;

const { types } = rhea;

/** Answers a READ of a hub or a partition. */
export function readProperties(findHub: (name: string) => Hub | Refusal, request: Message): Response {
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

function hubProperties(hub: Hub): Record<string, unknown> {
  const ids = hub.partitions.map((partition) => partition.id);
  return {
    name: hub.name,
    type: HUB_TYPE,
    created_at: hub.createdAt,
    partition_count: types.wrap_int(ids.length),
    partition_ids: types.wrap_array(ids, STR8, undefined),
    georeplication_factor: types.wrap_int(1),
  };
}

/** An empty partition has -1 as its last sequence number and offset, and begins at the number to come. */
function partitionProperties(hub: Hub, partition: Partition): Record<string, unknown> {
  const last = partition.log.last;
  return {
    name: hub.name,
    type: PARTITION_TYPE,
    partition: partition.id,
    begin_sequence_number: types.wrap_long(partition.log.beginSequenceNumber),
    last_enqueued_sequence_number: types.wrap_long(last?.sequenceNumber ?? -1),
    last_enqueued_offset: String(last?.offset ?? -1),
    last_enqueued_time_utc: new Date(last?.enqueuedTime ?? 0),
    is_partition_empty: partition.log.beginSequenceNumber === partition.log.nextSequenceNumber,
  };
}

function found(body: Record<string, unknown>): Response {
  return { statusCode: 200, statusDescription: 'OK', body };
}

function refused(statusCode: number, refusal: Refusal): Response {
  return { statusCode, statusDescription: refusal.description, condition: refusal.condition };
}
