import type { ReceivedEventData } from '@azure/event-hubs';
import { type BrokerEvent, correlationIdOf, keyText } from './brokerEvent.ts';

/**
 * An event that the client library received, as the trigger would have delivered it: the stored row must not depend on
 * the way that an event took.
 */
export function brokerEventOf(event: ReceivedEventData, partition: number): BrokerEvent {
  const { messageAnnotations, applicationProperties } = event.getRawAmqpMessage();
  return {
    body: bodyBytes(event),
    partition,
    sequenceNumber: event.sequenceNumber,
    enqueuedAt: event.enqueuedTimeUtc.getTime() * 1000,
    offset: event.offset,
    key: keyText(messageAnnotations?.['x-opt-kafka-key'] ?? event.partitionKey),
    correlationId: correlationIdOf(applicationProperties ?? {}),
  };
}

/** The exact bytes of an event's body. */
export function bodyBytes({ body, getRawAmqpMessage }: ReceivedEventData): Buffer {
  if (Buffer.isBuffer(body)) return body;
  if (body === undefined || body === null || body === '') return Buffer.alloc(0);
  if (Array.isArray(body) && getRawAmqpMessage().bodyType === 'data') return Buffer.concat(body as Buffer[]);
  // An AMQP value or sequence has no bytes of its own. As text it reaches the handler, which can put it aside.
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}
