import type { ReceivedEventData } from '@azure/event-hubs';

/** The parts of an event that a test cares about; the others have values of no meaning. */
export interface EventParts {
  body?: unknown;
  bodyType?: 'data' | 'value' | 'sequence';
  sequenceNumber?: number;
  offset?: string;
  enqueuedTimeUtc?: Date;
  partitionKey?: string | null;
  properties?: Record<string, unknown> | undefined;
  annotations?: Record<string, unknown>;
  messageId?: string;
}

/** An event as the Event Hubs client hands it over. */
export function receivedEvent(parts: EventParts): ReceivedEventData {
  const { body, bodyType = 'data', sequenceNumber = 7, offset = '700', properties, messageId } = parts;
  const enqueuedTimeUtc = parts.enqueuedTimeUtc ?? new Date('2026-11-22T13:47:05.120Z');
  const partitionKey = parts.partitionKey ?? null;
  const message = {
    body,
    bodyType,
    messageAnnotations: {
      'x-opt-sequence-number': sequenceNumber,
      'x-opt-offset': offset,
      'x-opt-enqueued-time': enqueuedTimeUtc,
      ...(partitionKey !== null && { 'x-opt-partition-key': partitionKey }),
      ...parts.annotations,
    },
    ...(properties && { applicationProperties: properties }),
    ...(messageId && { properties: { messageId } }),
  };
  return {
    body,
    sequenceNumber,
    offset,
    enqueuedTimeUtc,
    partitionKey,
    getRawAmqpMessage: () => message,
  };
}
