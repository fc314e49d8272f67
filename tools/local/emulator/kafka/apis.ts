/** The requests that are served, and who serves them. */
import { randomBytes } from 'node:crypto';
import { Writer } from '@platformatic/kafka';
import { codeOf } from './errorCodes.ts';
import { type KafkaError, kafkaError } from './errors.ts';
import { fetch } from './fetch.ts';
import {
  commitOffsets,
  fetchOffsets,
  findCoordinator,
  joinGroup,
  refuseMember,
  syncGroup,
} from './groups.ts';
import { LIMITS } from './limits.ts';
import { listOffsets } from './listOffsets.ts';
import { authenticate, chooseMechanism } from './login.ts';
import { describeTopics, FLEXIBLE_METADATA } from './metadata.ts';
import { FLEXIBLE_PRODUCE, produce } from './produce.ts';
import { NO_TRANSACTIONS } from './recordBatch.ts';
import type { Endpoint, Session } from './session.ts';
import type { Request } from './wire.ts';

export interface Api {
  readonly key: number;
  readonly name: string;
  readonly versions: readonly [least: number, most: number];
  /** What clients are told instead of `versions`. */
  readonly announced?: (endpoint: Endpoint) => readonly [least: number, most: number];
  /** The version from which the headers and values have their compact form; none without it. */
  readonly flexible?: number;
  readonly beforeLogin?: true;
  /** No answer is `undefined`. */
  readonly answer: (
    request: Request,
    session: Session,
    endpoint: Endpoint,
  ) => Writer | Promise<Writer | undefined>;
}

export const API_VERSIONS = 18;

/**
 * What producers and consumers with assigned partitions need. Clients derive from this list what they may send: librdkafka
 * sends record batches only where there is Fetch 4, LZ4 only where there is FindCoordinator, zstd only with Fetch 10.
 */
export const APIS: readonly Api[] = [
  {
    key: 0,
    name: 'Produce',
    versions: [3, 9],
    flexible: FLEXIBLE_PRODUCE,
    answer: produce,
    // As Kafka 4 does: librdkafka takes a broker without version 0 for one that cannot compress.
    announced: () => [0, 9],
  },
  {
    key: 1,
    name: 'Fetch',
    versions: [4, 11],
    answer: fetch,
    announced: ({ limits }) => [4, LIMITS[limits].fetchVersion],
  },
  { key: 2, name: 'ListOffsets', versions: [1, 5], answer: listOffsets },
  { key: 3, name: 'Metadata', versions: [1, 9], flexible: FLEXIBLE_METADATA, answer: describeTopics },
  { key: 8, name: 'OffsetCommit', versions: [1, 7], answer: commitOffsets },
  { key: 9, name: 'OffsetFetch', versions: [1, 5], answer: fetchOffsets },
  { key: 10, name: 'FindCoordinator', versions: [0, 2], answer: findCoordinator },
  { key: 11, name: 'JoinGroup', versions: [0, 5], answer: joinGroup },
  { key: 12, name: 'Heartbeat', versions: [0, 3], answer: refuseMember },
  { key: 13, name: 'LeaveGroup', versions: [0, 2], answer: refuseMember },
  { key: 14, name: 'SyncGroup', versions: [0, 3], answer: syncGroup },
  { key: 17, name: 'SaslHandshake', versions: [0, 1], beforeLogin: true, answer: chooseMechanism },
  {
    key: API_VERSIONS,
    name: 'ApiVersions',
    versions: [0, 3],
    flexible: 3,
    beforeLogin: true,
    answer: ({ version }, _session, endpoint) => listApis(version, endpoint),
  },
  { key: 22, name: 'InitProducerId', versions: [0, 4], flexible: 2, answer: giveProducerId },
  {
    key: 36,
    name: 'SaslAuthenticate',
    versions: [0, 2],
    flexible: 2,
    beforeLogin: true,
    answer: authenticate,
  },
];

/** Answers ApiVersions. */
export function listApis(version: number, endpoint: Endpoint, error?: KafkaError): Writer {
  const flexible = version >= 3;
  const writer = Writer.create().appendInt16(codeOf(error));
  writer.appendArray(
    [...APIS],
    (w, { key, versions, announced }) => {
      const [least, most] = announced?.(endpoint) ?? versions;
      w.appendInt16(key).appendInt16(least).appendInt16(most);
    },
    flexible,
    flexible,
  );
  if (version >= 1) writer.appendInt32(0); // throttle time
  if (flexible) writer.appendTaggedFields();
  return writer;
}

function giveProducerId({ version, body }: Request, session: Session): Writer {
  const flexible = version >= 2;
  const transactional = body.readNullableString(flexible) !== null;
  const writer = Writer.create().appendInt32(0); // throttle time
  if (transactional) {
    session.refused(NO_TRANSACTIONS);
    writer
      .appendInt16(codeOf(kafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')))
      .appendInt64(-1n)
      .appendInt16(-1);
  } else {
    // Random, so that no id is given twice, whenever the emulator was started.
    writer
      .appendInt16(0)
      .appendInt64(randomBytes(8).readBigUInt64BE() >> 1n)
      .appendInt16(0);
  }
  if (flexible) writer.appendTaggedFields();
  return writer;
}
