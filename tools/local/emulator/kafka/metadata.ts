import { Writer } from '@platformatic/kafka';
import type { Hub, Partition } from '../hub.ts';
import { codeOf } from './errorCodes.ts';
import { type KafkaError, kafkaError } from './errors.ts';
import { type Endpoint, mayUse, type Session } from './session.ts';
import type { Topics } from './topics.ts';
import type { Request } from './wire.ts';

/** There is one broker, and it leads every partition. */
export const BROKER = { id: 0, host: '127.0.0.1' } as const;
/** "Not asked for", in the field of permitted operations. */
const NO_OPERATIONS = -(2 ** 31);
export const FLEXIBLE_METADATA = 9;

/** Answers the request Metadata, versions 1 to 9: which topics and partitions there are, and where. */
export function describeTopics(
  { version, body }: Request,
  session: Session,
  { topics, port }: Endpoint,
): Writer {
  const flexible = version >= FLEXIBLE_METADATA;
  const asked = body.readNullableArray((reader) => reader.readString(flexible), flexible, flexible);
  const described = asked?.map((name) => ({ name, hub: topics.find(name) })) ?? topics.all.map(named);

  for (const { name, hub } of described) {
    if (hub === undefined) session.refused(`there is no topic ${name}`);
  }
  const writer = Writer.create();
  if (version >= 3) writer.appendInt32(0); // throttle time
  writer.appendArray(
    [BROKER],
    (w, { id, host }) =>
      w.appendInt32(id).appendString(host, flexible).appendInt32(port).appendString(null, flexible),
    flexible,
    flexible,
  );
  if (version >= 2) writer.appendString('event-hubs-emulator', flexible);
  writer.appendInt32(BROKER.id);
  writer.appendArray(
    described,
    (w, { name, hub }) => {
      w.appendInt16(codeOf(hub === undefined ? kafkaError('UNKNOWN_TOPIC_OR_PARTITION') : undefined));
      w.appendString(name, flexible).appendBoolean(false);
      w.appendArray(
        [...(hub?.partitions ?? [])],
        (p, { id }) => describePartition(p, Number(id), version),
        flexible,
        flexible,
      );
      if (version >= 8) w.appendInt32(NO_OPERATIONS);
    },
    flexible,
    flexible,
  );
  if (version >= 8) writer.appendInt32(NO_OPERATIONS);
  if (flexible) writer.appendTaggedFields();
  return writer;
}

/** A partition that the connection may use, or why it may not. */
export function findPartition(
  topics: Topics,
  session: Session,
  topic: string,
  index: number,
): Partition | KafkaError {
  if (!mayUse(session, topic)) return kafkaError('TOPIC_AUTHORIZATION_FAILED');
  return topics.find(topic)?.partitions[index] ?? kafkaError('UNKNOWN_TOPIC_OR_PARTITION');
}

function named(hub: Hub): { name: string; hub: Hub } {
  return { name: hub.name, hub };
}

function describePartition(writer: Writer, index: number, version: number): void {
  const flexible = version >= FLEXIBLE_METADATA;
  const brokers = (ids: number[]) => writer.appendArray(ids, (w, id) => w.appendInt32(id), flexible, false);
  writer.appendInt16(0).appendInt32(index).appendInt32(BROKER.id);
  if (version >= 7) writer.appendInt32(0); // epoch of the leader
  brokers([BROKER.id]);
  brokers([BROKER.id]);
  if (version >= 5) brokers([]);
}
