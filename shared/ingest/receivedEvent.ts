import type { ReceivedEventData } from '@azure/event-hubs';
import { amqpBody } from './amqpBody.ts';
import { type BrokerEvent, correlationIdOf, keyText } from './brokerEvent.ts';
import { hostFault } from './hostFault.ts';

/**
 * An event that the client library received, as the trigger would have delivered it: the stored row must not depend on
 * the way that an event took.
 */
export function brokerEventOf(event: ReceivedEventData, partition: number): BrokerEvent {
  const { messageAnnotations, applicationProperties } = event.getRawAmqpMessage();
  const { bytes, unreadable } = amqpBody(event);
  const fault = hostFault(event);
  return {
    body: bytes,
    ...(unreadable !== undefined && { unreadable }),
    ...(fault !== undefined && { hostFault: fault }),
    partition,
    sequenceNumber: event.sequenceNumber,
    enqueuedAt: event.enqueuedTimeUtc.getTime() * 1000,
    offset: event.offset,
    key: keyText(messageAnnotations?.['x-opt-kafka-key'] ?? event.partitionKey),
    correlationId: correlationIdOf(applicationProperties ?? {}),
  };
}
