import type { PartitionContext, ReceivedEventData } from '@azure/event-hubs';
import type { TypedData } from './coreTypes.ts';

/** What the trigger metadata says about where a batch comes from. */
export type EventSource = Pick<
  PartitionContext,
  'fullyQualifiedNamespace' | 'eventHubName' | 'consumerGroup' | 'partitionId'
>;

/**
 * The metadata of a batch in the form in which the real host sends it (Event Hubs extension 6.5). Keys start with a
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
    OffsetStringArray: texts(events.map((event) => event.offset)),
    SequenceNumberArray: integers(events.map((event) => event.sequenceNumber)),
    EnqueuedTimeUtcArray: json(events.map((event) => netTime(event.enqueuedTimeUtc))),
    PropertiesArray: json(events.map((event) => event.getRawAmqpMessage().applicationProperties ?? {})),
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
  const entries = Object.entries(MESSAGE_PROPERTIES).flatMap(([key, name]) => {
    const value = properties?.[key as keyof typeof MESSAGE_PROPERTIES];
    return value === undefined || value === null ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(entries),
    ...messageAnnotations,
    'x-opt-enqueued-time': `${netTime(event.enqueuedTimeUtc)}+00:00`,
    SequenceNumber: event.sequenceNumber,
    Offset: offsetNumber(event.offset),
    OffsetString: event.offset,
    PartitionKey: event.partitionKey ?? null,
    EnqueuedTimeUtc: netTime(event.enqueuedTimeUtc),
  };
}

/** Offsets of geo-replicated namespaces are no numbers; the extension says −1 then. */
function offsetNumber(offset: string): number {
  return /^-?\d+$/.test(offset) ? Number(offset) : -1;
}

/** As Newtonsoft.Json writes a time: zeros at the end are cut, and there is no time zone. */
function netTime(time: Date): string {
  return time.toISOString().replace(/\.?0*Z$/, '');
}

function texts(values: string[]): TypedData {
  return { collectionString: { string: values } };
}

function integers(values: number[]): TypedData {
  return { collectionSint64: { sint64: values } };
}

/** JSON as the host writes it: bytes in base64, times of a message in UTC. */
function json(value: unknown): TypedData {
  return { json: JSON.stringify(value, netValue) };
}

function netValue(this: unknown, key: string, value: unknown): unknown {
  // JSON.stringify asks Buffers and Dates for a form of their own first: look at what they were.
  const original = (this as Record<string, unknown>)[key];
  if (Buffer.isBuffer(original)) return original.toString('base64');
  return original instanceof Date ? `${netTime(original)}Z` : value;
}
