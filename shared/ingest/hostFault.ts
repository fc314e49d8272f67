import type { ReceivedEventData } from '@azure/event-hubs';

/**
 * Why the Functions host cannot hand an event over (Event Hubs extension 6.5): the invocation of its whole batch fails then,
 * before the handler runs, and with retries without end its partition stands still. Undefined for an event that is fine. It
 * names the form, never a value.
 *
 * A property that is a decimal128 fails there as well. The client library shows it as bytes, so it passes here.
 */
export function hostFault(event: ReceivedEventData): string | undefined {
  const { bodyType, applicationProperties, messageAnnotations } = event.getRawAmqpMessage();
  if (bodyType === 'value' || bodyType === 'sequence') return `the body is an AMQP ${bodyType}`;
  const key: unknown = messageAnnotations?.['x-opt-partition-key'];
  if (key !== undefined && key !== null && typeof key !== 'string') return 'the partition key is no text';
  const values = Object.values<unknown>(applicationProperties ?? {});
  return values.some(isMapOrList) ? 'an application property is a map or a list' : undefined;
}

function isMapOrList(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Buffer.isBuffer(value) && !(value instanceof Date);
}
