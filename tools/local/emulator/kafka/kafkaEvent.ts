import type { KafkaRecord } from '@platformatic/kafka';
import {
  encodeBinary,
  encodeBinarySection,
  encodeMapSection,
  encodeNull,
  encodeString,
  encodeSymbol,
} from '../amqp/encode.ts';
import { SECTION } from '../amqp/walk.ts';
import type { IncomingEvent } from '../eventBytes.ts';

const KAFKA_KEY = encodeSymbol('x-opt-kafka-key');

/**
 * A Kafka record as the service shows it to AMQP consumers: the value is the body; the key is an annotation, and not the
 * partition key, which AMQP producers hash differently; headers are application properties whose values are bytes.
 * A record without a value has an empty body: what the service makes of one is documented nowhere.
 */
export function eventOf({ key, value, headers }: KafkaRecord): IncomingEvent {
  // A map has a key once: of headers with one name, the last counts.
  const properties = new Map(headers.map(([name, content]) => [name!.toString('utf8'), content]));
  const entries = [...properties].flatMap(([name, content]) => [
    encodeString(name),
    content === null ? encodeNull() : encodeBinary(content),
  ]);
  return {
    header: Buffer.alloc(0),
    annotations: key === null ? [] : [Buffer.concat([KAFKA_KEY, encodeBinary(key)])],
    rest: [
      ...(entries.length === 0
        ? []
        : [encodeMapSection(SECTION.applicationProperties, properties.size, entries)]),
      encodeBinarySection(SECTION.data, value ?? Buffer.alloc(0)),
    ],
    partitionKey: undefined,
  };
}

/** Bytes of an event as it was sent; the broker's annotations come on top. */
export function sizeOf({ annotations, rest }: IncomingEvent): number {
  return [...annotations, ...rest].reduce((sum, part) => sum + part.length, 0);
}
