import type { ReceivedEventData } from '@azure/event-hubs';
import { amqpBody } from './amqpBody.ts';
import { type BrokerEvent, correlationIdOf, headerReader, keyText, schemaIdIn } from './brokerEvent.ts';
import { hostFault } from './hostFault.ts';

/**
 * An event that the client library received, as the trigger would have delivered it: the stored row must not depend on
 * the way that an event took.
 */
export function brokerEventOf(event: ReceivedEventData, partition: number): BrokerEvent {
  const { messageAnnotations, applicationProperties } = event.getRawAmqpMessage();
  const { bytes, unreadable } = amqpBody(event);
  const fault = hostFault(event);
  const kafkaKey: unknown = messageAnnotations?.['x-opt-kafka-key'];
  const readHeader = headerReader(kafkaKey, event.partitionKey);
  const headers = applicationProperties ?? {};
  const read = (value: unknown) => readHeader(asOfHost(value));
  return {
    body: bytes,
    ...(unreadable !== undefined && { unreadable }),
    ...(fault !== undefined && { hostFault: fault }),
    partition,
    sequenceNumber: event.sequenceNumber,
    enqueuedAt: event.enqueuedTimeUtc.getTime() * 1000,
    offset: event.offset,
    key: keyText(kafkaKey ?? event.partitionKey),
    correlationId: correlationIdOf(headers, read),
    ...schemaIdIn(event.contentType, headers, read),
  };
}

/** The host shows bytes as base64, and what that stands for is decided there: so it is here. */
function asOfHost(value: unknown): unknown {
  return Buffer.isBuffer(value) ? value.toString('base64') : value;
}
