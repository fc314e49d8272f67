import { Writer } from '@platformatic/kafka';
import type { PartitionLog } from '../partitionLog.ts';
import { codeOf } from './errorCodes.ts';
import { isKafkaError, type KafkaError } from './errors.ts';
import { findPartition } from './metadata.ts';
import type { Endpoint, Session } from './session.ts';
import type { Request } from './wire.ts';

/** Times that stand for something else. */
const TIME = { end: -1n, beginning: -2n } as const;

interface Found {
  readonly offset: number;
  readonly timestamp: number;
}

/** Answers ListOffsets, versions 1 to 5: where a partition begins and ends, and what came first after a time. */
export function listOffsets({ version, body }: Request, session: Session, { topics }: Endpoint): Writer {
  body.readInt32(); // replica
  if (version >= 2) body.readInt8(); // isolation: there are no transactions
  const asked = body.readArray(
    (reader) => ({
      topic: reader.readString(false),
      partitions: reader.readArray(
        (r) => {
          const index = r.readInt32();
          if (version >= 4) r.readInt32(); // epoch of the leader
          return { index, time: r.readInt64() };
        },
        false,
        false,
      ),
    }),
    false,
    false,
  );
  const writer = Writer.create();
  if (version >= 2) writer.appendInt32(0); // throttle time
  return writer.appendArray(
    asked,
    (w, { topic, partitions }) => {
      w.appendString(topic, false);
      w.appendArray(
        partitions,
        (p, { index, time }) => {
          const partition = findPartition(topics, session, topic, index);
          const result = isKafkaError(partition) ? partition : find(partition.log, time);
          describe(p.appendInt32(index), result, version);
        },
        false,
        false,
      );
    },
    false,
    false,
  );
}

function find(log: PartitionLog, time: bigint): Found {
  if (time === TIME.end) return { offset: log.nextSequenceNumber, timestamp: -1 };
  if (time === TIME.beginning) return { offset: log.beginSequenceNumber, timestamp: -1 };
  const offset = log.firstAfterTime(Number(time) - 1);
  return offset < log.nextSequenceNumber
    ? { offset, timestamp: log.placement(offset).enqueuedTime }
    : { offset: -1, timestamp: -1 };
}

function describe(writer: Writer, result: Found | KafkaError, version: number): void {
  const { offset, timestamp } = isKafkaError(result) ? { offset: -1, timestamp: -1 } : result;
  writer.appendInt16(codeOf(isKafkaError(result) ? result : undefined));
  writer.appendInt64(BigInt(timestamp)).appendInt64(BigInt(offset));
  if (version >= 4) writer.appendInt32(-1); // epoch of the leader
}
