/**
 * Consumer groups and transactions, which the emulator does not have: every request gets Kafka's own error at once, since a
 * client that gets none waits for ever. A consumer that is assigned its partitions needs no group.
 */
import { Writer } from '@platformatic/kafka';
import { codeOf } from './errorCodes.ts';
import { type KafkaError, kafkaError } from './errors.ts';
import { BROKER } from './metadata.ts';
import { NO_TRANSACTIONS } from './recordBatch.ts';
import type { Endpoint, Session } from './session.ts';
import type { Request } from './wire.ts';

const NO_GROUPS =
  'the emulator has no Kafka consumer groups: assign partitions to the consumer, or read over AMQP';
const NO_GROUP = kafkaError('GROUP_AUTHORIZATION_FAILED', NO_GROUPS);
const NO_TRANSACTION = kafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', NO_TRANSACTIONS);
const KEY_OF_TRANSACTION = 1;

/**
 * Answers FindCoordinator, versions 0 to 2. A group has one, so that consumers with assigned partitions, which ask as well,
 * are left alone; a transactional producer is told at once.
 */
export function findCoordinator({ version, body }: Request, session: Session, { port }: Endpoint): Writer {
  body.readString(false); // the name of the group or of the transactional id
  const refused = version >= 1 && body.readInt8() === KEY_OF_TRANSACTION;
  if (refused) session.refused(NO_TRANSACTIONS);
  const error = refused ? NO_TRANSACTION : undefined;
  const writer = answer(version, error, 1);
  if (version >= 1) writer.appendString(error?.message ?? null, false);
  return refused
    ? writer.appendInt32(-1).appendString('', false).appendInt32(-1)
    : writer.appendInt32(BROKER.id).appendString(BROKER.host, false).appendInt32(port);
}

/** Answers JoinGroup, versions 0 to 5. */
export function joinGroup({ version }: Request, session: Session): Writer {
  session.refused(NO_GROUPS);
  return answer(version, NO_GROUP, 2)
    .appendInt32(-1) // generation
    .appendString('', false) // protocol
    .appendString('', false) // leader
    .appendString('', false) // member
    .appendArray([], () => {}, false, false);
}

/** Answers SyncGroup, versions 0 to 3. */
export function syncGroup({ version }: Request): Writer {
  return answer(version, NO_GROUP, 1).appendBytes(Buffer.alloc(0), false);
}

/** Answers Heartbeat, versions 0 to 3, and LeaveGroup, versions 0 to 2. */
export function refuseMember({ version }: Request): Writer {
  return answer(version, NO_GROUP, 1);
}

/** Answers OffsetCommit, versions 1 to 7. */
export function commitOffsets({ version, body }: Request, session: Session): Writer {
  session.refused(NO_GROUPS);
  body.readString(false); // group
  body.readInt32(); // generation
  body.readString(false); // member
  if (version >= 7) body.readNullableString(false); // instance
  if (version >= 2 && version <= 4) body.readInt64(); // how long to keep them
  const topics = body.readArray(
    (reader) => ({
      name: reader.readString(false),
      partitions: reader.readArray(
        (r) => {
          const index = r.readInt32();
          r.readInt64(); // offset
          if (version >= 6) r.readInt32(); // epoch of the leader
          if (version === 1) r.readInt64(); // time
          r.readNullableString(false); // metadata
          return index;
        },
        false,
        false,
      ),
    }),
    false,
    false,
  );
  const writer = Writer.create();
  if (version >= 3) writer.appendInt32(0); // throttle time
  return writer.appendArray(
    topics,
    (w, { name, partitions }) => {
      w.appendString(name, false);
      w.appendArray(
        partitions,
        (p, index) => p.appendInt32(index).appendInt16(codeOf(NO_GROUP)),
        false,
        false,
      );
    },
    false,
    false,
  );
}

/** Answers OffsetFetch, versions 1 to 5: nothing is committed, so a consumer begins where its settings say. */
export function fetchOffsets({ version, body }: Request): Writer {
  body.readString(false); // group
  const topics =
    body.readNullableArray(
      (reader) => ({
        name: reader.readString(false),
        partitions: reader.readArray((r) => r.readInt32(), false, false),
      }),
      false,
      false,
    ) ?? [];
  const writer = Writer.create();
  if (version >= 3) writer.appendInt32(0); // throttle time
  writer.appendArray(
    topics,
    (w, { name, partitions }) => {
      w.appendString(name, false);
      w.appendArray(
        partitions,
        (p, index) => {
          p.appendInt32(index).appendInt64(-1n);
          if (version >= 5) p.appendInt32(-1); // epoch of the leader
          p.appendString('', false).appendInt16(0);
        },
        false,
        false,
      );
    },
    false,
    false,
  );
  if (version >= 2) writer.appendInt16(0);
  return writer;
}

/** The beginning of most of these answers: how long the client was held up, from a version on, and the error. */
function answer(version: number, error: KafkaError | undefined, throttledSince: number): Writer {
  const writer = Writer.create();
  if (version >= throttledSince) writer.appendInt32(0);
  return writer.appendInt16(codeOf(error));
}
