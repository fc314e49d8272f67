/**
 * An event as bytes: taken out of a producer's message, and rebuilt with the broker's annotations into
 * the message that every consumer gets. What is delivered is what is stored.
 */
import {
  encodeLong,
  encodeMapSection,
  encodeShortString,
  encodeSymbol,
  encodeTimestamp,
} from './amqp/encode.ts';
import {
  MalformedAmqp,
  readBinary,
  readMap,
  readSections,
  readText,
  SECTION,
  type Section,
} from './amqp/walk.ts';

/** An event as a producer sent it, split where the broker inserts its own annotations. */
export interface IncomingEvent {
  /** The header section, or empty. */
  header: Buffer;
  /** Encoded entries of the producer's message annotations. */
  annotations: Buffer[];
  /** Properties, application properties, body and footer, untouched. */
  rest: Buffer[];
  partitionKey: string | undefined;
}

/** What the broker adds to an event when it is stored. */
export interface Placement {
  sequenceNumber: number;
  offset: number;
  /** Milliseconds since 1970, UTC. */
  enqueuedTime: number;
}

const KEY = {
  sequenceNumber: encodeSymbol('x-opt-sequence-number'),
  offset: encodeSymbol('x-opt-offset'),
  enqueuedTime: encodeSymbol('x-opt-enqueued-time'),
  lastSequenceNumber: encodeSymbol('last_enqueued_sequence_number'),
  lastOffset: encodeSymbol('last_enqueued_offset'),
  lastTime: encodeSymbol('last_enqueued_time_utc'),
  retrievalTime: encodeSymbol('runtime_info_retrieval_time_utc'),
};

const OWNED_BY_BROKER = new Set(['x-opt-sequence-number', 'x-opt-offset', 'x-opt-enqueued-time']);
const PARTITION_KEY = 'x-opt-partition-key';
const SECTIONS: readonly number[] = Object.values(SECTION);

/**
 * The events of a batch message (message format 0x80013700): each data section holds one encoded message.
 * The envelope's other sections repeat those of the first event and are not needed.
 * Throws MalformedAmqp.
 */
export function splitBatch(batch: Buffer): IncomingEvent[] {
  const data = readSections(batch).filter((section) => section.code === SECTION.data);
  if (data.length === 0) throw new MalformedAmqp('there is no data section, so no event');
  return data.map((section) => readEvent(readBinary(batch, section.value)));
}

/** The one event that a plain message is (message format 0). Throws MalformedAmqp. */
export function readEvent(message: Buffer): IncomingEvent {
  const event: IncomingEvent = {
    header: Buffer.alloc(0),
    annotations: [],
    rest: [],
    partitionKey: undefined,
  };
  for (const section of readSections(message)) {
    checkSection(message, section);
    if (section.code === SECTION.header) {
      event.header = message.subarray(section.start, section.end);
    } else if (section.code === SECTION.messageAnnotations) {
      for (const entry of readMap(message, section.value)) {
        if (OWNED_BY_BROKER.has(entry.key)) continue;
        if (entry.key === PARTITION_KEY) event.partitionKey = readText(message, entry.value);
        event.annotations.push(message.subarray(entry.start, entry.end));
      }
    } else if (section.code !== SECTION.deliveryAnnotations) {
      // Delivery annotations are meant for one hop only; everything else goes on to the consumer.
      event.rest.push(message.subarray(section.start, section.end));
    }
  }
  return event;
}

/** What clients could not read has no place in the log. */
function checkSection(message: Buffer, { code, start, value }: Section): void {
  if (!SECTIONS.includes(code)) throw new MalformedAmqp(`the section at byte ${start} is of no known kind`);
  if (code === SECTION.data) readBinary(message, value);
}

/** The message that consumers receive, as bytes. */
export function buildDelivery(event: IncomingEvent, placement: Placement): Buffer {
  const annotations = encodeMapSection(SECTION.messageAnnotations, 3 + event.annotations.length, [
    KEY.sequenceNumber,
    encodeLong(placement.sequenceNumber),
    KEY.offset,
    encodeShortString(String(placement.offset)),
    KEY.enqueuedTime,
    encodeTimestamp(placement.enqueuedTime),
    ...event.annotations,
  ]);
  return Buffer.concat([event.header, annotations, ...event.rest]);
}

/**
 * The same message with the partition's last event in its delivery annotations, for receivers that asked for
 * runtime metrics. The section order of AMQP wants them between the header and the message annotations.
 */
export function withRuntimeMetrics(delivery: Buffer, last: Placement, now: number): Buffer {
  const first = readSections(delivery)[0];
  const headerEnd = first?.code === SECTION.header ? first.end : 0;
  const metrics = encodeMapSection(SECTION.deliveryAnnotations, 4, [
    KEY.lastSequenceNumber,
    encodeLong(last.sequenceNumber),
    KEY.lastOffset,
    encodeShortString(String(last.offset)),
    KEY.lastTime,
    encodeTimestamp(last.enqueuedTime),
    KEY.retrievalTime,
    encodeTimestamp(now),
  ]);
  return Buffer.concat([delivery.subarray(0, headerEnd), metrics, delivery.subarray(headerEnd)]);
}
