import type { PartitionContext, ReceivedEventData } from '@azure/event-hubs';
import type { TypedData } from './coreTypes.ts';

/** What the trigger metadata says about where a batch comes from. */
export type EventSource = Pick<
  PartitionContext,
  'fullyQualifiedNamespace' | 'eventHubName' | 'consumerGroup' | 'partitionId'
>;

/**
 * The metadata of a batch in the form in which the real host sends it (Event Hubs extension 6.5.1). Keys start with a
 * capital letter here: the library makes it small, in values too.
 */
export function triggerMetadata(
  events: readonly ReceivedEventData[],
  source: EventSource,
): Record<string, TypedData> {
  const partitionContext = json({
    IsCheckpointingAfterInvocation: true,
    FullyQualifiedNamespace: source.fullyQualifiedNamespace,
    EventHubName: source.eventHubName,
    ConsumerGroup: source.consumerGroup,
    PartitionId: source.partitionId,
  });
  return {
    TriggerPartitionContext: partitionContext,
    PartitionContext: partitionContext,
    // Events without a key leave no place in this array: it does not line up with the others.
    PartitionKeyArray: texts(events.map((event) => event.partitionKey ?? '').filter((key) => key !== '')),
    OffsetArray: integers(events.map((event) => offsetNumber(event.offset))),
    SequenceNumberArray: integers(events.map((event) => event.sequenceNumber)),
    EnqueuedTimeUtcArray: json(events.map((event) => netTime(event.enqueuedTimeUtc))),
    PropertiesArray: json(
      events.map((event) => netValue(event.getRawAmqpMessage().applicationProperties ?? {})),
    ),
    SystemPropertiesArray: json(events.map(systemProperties)),
  };
}

// AMQP properties that the .NET client lists among the system properties, under their AMQP names.
const MESSAGE_PROPERTIES = {
  messageId: 'message-id',
  to: 'to',
  subject: 'subject',
  replyTo: 'reply-to',
  correlationId: 'correlation-id',
  contentType: 'content-type',
  contentEncoding: 'content-encoding',
  absoluteExpiryTime: 'absolute-expiry-time',
  creationTime: 'creation-time',
  groupId: 'group-id',
  groupSequence: 'group-sequence',
  replyToGroupId: 'reply-to-group-id',
} as const;

function systemProperties(event: ReceivedEventData): Record<string, unknown> {
  const { messageAnnotations, properties } = event.getRawAmqpMessage();
  const enqueuedTime = netTime(event.enqueuedTimeUtc);
  const system: Record<string, unknown> = {};
  if (properties !== undefined) {
    for (const [key, name] of Object.entries(MESSAGE_PROPERTIES)) {
      const value = properties[key as keyof typeof MESSAGE_PROPERTIES];
      if (value !== undefined && value !== null) system[name] = netValue(value);
    }
  }
  for (const name in messageAnnotations) system[name] = netValue(messageAnnotations[name]);
  system['x-opt-enqueued-time'] = `${enqueuedTime}+00:00`;
  system['SequenceNumber'] = event.sequenceNumber;
  system['Offset'] = offsetNumber(event.offset);
  system['PartitionKey'] = event.partitionKey ?? null;
  system['EnqueuedTimeUtc'] = enqueuedTime;
  return system;
}

/** Offsets of geo-replicated namespaces are no numbers; the extension says −1 then. */
function offsetNumber(offset: string): number {
  return /^-?\d+$/.test(offset) ? Number(offset) : -1;
}

/** As Newtonsoft.Json writes a time: zeros at the end are cut, and there is no time zone. */
function netTime(time: Date): string {
  const text = time.toISOString();
  let end = text.length - 1;
  while (text[end - 1] === '0') end--;
  return text.slice(0, text[end - 1] === '.' ? end - 1 : end);
}

function texts(values: string[]): TypedData {
  return { collectionString: { string: values } };
}

function integers(values: number[]): TypedData {
  return { collectionSint64: { sint64: values } };
}

function json(value: unknown): TypedData {
  return { json: JSON.stringify(value) };
}

/** A value as the host writes it to JSON: bytes in base64, times of a message in UTC. */
function netValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (value instanceof Date) return `${netTime(value)}Z`;
  if (Array.isArray(value)) return value.map(netValue);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, netValue(member)]));
}
