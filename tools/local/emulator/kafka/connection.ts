/** A connection of a Kafka client: which requests it may make when, and who serves them. */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { Writer } from '@platformatic/kafka';
import { type Login, logIn, MECHANISM } from './authentication.ts';
import { codeOf, textOf } from './errorCodes.ts';
import { isKafkaError, type KafkaError, kafkaError } from './errors.ts';
import { describeTopics, FLEXIBLE_METADATA, type Topics } from './metadata.ts';
import { FLEXIBLE_PRODUCE, produce } from './produce.ts';
import { NO_TRANSACTIONS } from './recordBatch.ts';
import { frameResponse, ProtocolFault, type Request, readFrames, readRequest } from './wire.ts';

/** Several of the largest batches in one request; clients send a megabyte at most unless they are told to. */
const MAX_REQUEST = 4 * 1024 * 1024;
/** Until somebody has logged in, there is nothing large to say. */
const MAX_REQUEST_BEFORE_LOGIN = 64 * 1024;

interface Session {
  mechanismChosen: boolean;
  login: Login | undefined;
  /** Set where the connection has to be closed once the answer is sent. */
  over: boolean;
}

interface Api {
  readonly key: number;
  readonly versions: readonly [least: number, most: number];
  /** What clients are told instead of `versions`. */
  readonly announced?: readonly [least: number, most: number];
  /** The version from which the headers and values have their compact form. */
  readonly flexible: number;
  readonly beforeLogin?: true;
  /** No answer is `undefined`. */
  readonly answer: (
    request: Request,
    session: Session,
    topics: Topics,
    port: number,
  ) => Writer | Promise<Writer | undefined>;
}

const API_VERSIONS = 18;
const NEVER = Number.POSITIVE_INFINITY;

/** What a producer needs. Reading over Kafka is not among it: consumers use AMQP. */
const APIS: readonly Api[] = [
  {
    key: 0,
    versions: [3, 9],
    // As Kafka 4 does: librdkafka takes a broker without version 0 for one that cannot compress.
    announced: [0, 9],
    flexible: FLEXIBLE_PRODUCE,
    answer: answerProduce,
  },
  {
    key: 3,
    versions: [1, 9],
    flexible: FLEXIBLE_METADATA,
    answer: (request, _session, topics, port) => describeTopics(request, topics, port),
  },
  { key: 17, versions: [1, 1], flexible: NEVER, beforeLogin: true, answer: chooseMechanism },
  {
    key: API_VERSIONS,
    versions: [0, 3],
    flexible: 3,
    beforeLogin: true,
    answer: ({ version }) => listApis(version),
  },
  { key: 22, versions: [0, 4], flexible: 2, answer: giveProducerId },
  { key: 36, versions: [0, 2], flexible: 2, beforeLogin: true, answer: authenticate },
];

/** Serves a connection until it ends. Requests are served in their order, one at a time. */
export async function serveConnection(socket: Socket, topics: Topics, port: number): Promise<void> {
  const session: Session = { mechanismChosen: false, login: undefined, over: false };
  const limit = () => (session.login === undefined ? MAX_REQUEST_BEFORE_LOGIN : MAX_REQUEST);
  try {
    for await (const frame of readFrames(socket, limit)) {
      const response = await respond(readRequest(frame), session, topics, port);
      // Waited for: what a client does not read must not pile up here.
      if (response !== undefined) await new Promise((resolve) => socket.write(response, resolve));
      if (session.over) break;
    }
  } catch (error) {
    // A connection that broke is the client's affair; what it sent wrong is worth a line.
    const broke =
      socket.errored !== null || (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';
    if (!broke) console.warn(`Kafka endpoint: a connection was closed: ${(error as Error).message}.`);
  } finally {
    socket.destroy();
  }
}

async function respond(
  request: Request,
  session: Session,
  topics: Topics,
  port: number,
): Promise<Buffer | undefined> {
  const { api: key, version, correlationId, body } = request;
  const api = APIS.find((candidate) => candidate.key === key);
  const known = api !== undefined && version >= api.versions[0] && version <= api.versions[1];
  if (!known) {
    // The one request whose unknown versions have an answer: in version 0, so that the client can try another.
    if (key === API_VERSIONS)
      return frameResponse(correlationId, listApis(0, kafkaError('UNSUPPORTED_VERSION')), false);
    throw new ProtocolFault(`request ${key} of version ${version} is not served here`);
  }
  if (session.login === undefined && !api.beforeLogin)
    throw new ProtocolFault(`request ${key} before the login`);
  const flexible = version >= api.flexible;
  if (flexible) body.readTaggedFields();
  const answer = await api.answer(request, session, topics, port);
  // The answer to ApiVersions has the oldest header: the client does not know yet what the broker speaks.
  return answer && frameResponse(correlationId, answer, flexible && key !== API_VERSIONS);
}

function listApis(version: number, error?: KafkaError): Writer {
  const flexible = version >= 3;
  const writer = Writer.create().appendInt16(codeOf(error));
  writer.appendArray(
    [...APIS],
    (w, { key, versions, announced = versions }) =>
      w.appendInt16(key).appendInt16(announced[0]).appendInt16(announced[1]),
    flexible,
    flexible,
  );
  if (version >= 1) writer.appendInt32(0); // throttle time
  if (flexible) writer.appendTaggedFields();
  return writer;
}

function chooseMechanism({ body }: Request, session: Session): Writer {
  session.mechanismChosen = body.readString(false) === MECHANISM;
  session.over = !session.mechanismChosen;
  const error = session.over ? kafkaError('UNSUPPORTED_SASL_MECHANISM') : undefined;
  return Writer.create()
    .appendInt16(codeOf(error))
    .appendArray([MECHANISM], (w, name) => w.appendString(name, false), false, false);
}

function authenticate({ version, body }: Request, session: Session): Writer {
  const flexible = version >= 2;
  const bytes = body.readBytes(flexible);
  const result = session.mechanismChosen ? logIn(bytes) : kafkaError('ILLEGAL_SASL_STATE');
  const failed = isKafkaError(result);
  if (failed) session.over = true;
  else session.login = result;
  const writer = Writer.create()
    .appendInt16(codeOf(failed ? result : undefined))
    .appendString(failed ? textOf(result) : null, flexible)
    .appendBytes(Buffer.alloc(0), flexible);
  if (version >= 1) writer.appendInt64(0n); // a login does not expire
  if (flexible) writer.appendTaggedFields();
  return writer;
}

async function answerProduce(
  request: Request,
  session: Session,
  topics: Topics,
): Promise<Writer | undefined> {
  const onlyHub = session.login?.onlyHub;
  const mayWrite = (topic: string) => onlyHub === undefined || onlyHub === topic.toLowerCase();
  const result = await produce(request, topics, mayWrite);
  if ('answer' in result) return result.answer;
  // A producer that wants no answers learns of a failure by the end of its connection, as with Kafka.
  session.over = result.failed;
  return undefined;
}

function giveProducerId({ version, body }: Request): Writer {
  const flexible = version >= 2;
  const transactional = body.readNullableString(flexible) !== null;
  const writer = Writer.create().appendInt32(0); // throttle time
  if (transactional) {
    console.warn(`Kafka endpoint: ${NO_TRANSACTIONS}`);
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
