/** Two Kafka clients that share no code, behind one face, and a bare connection that sends what no client would. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { CompressionAlgorithms, compressionsAlgorithms, ProduceAcks, Producer } from '@platformatic/kafka';
import kafkajs from 'kafkajs';
import type { TestContext } from 'vitest';
import { type Emulator, startEmulator } from '../../tools/local/emulator/emulator.ts';
import type { LimitsName } from '../../tools/local/emulator/kafka/limits.ts';
import { afterwards, temporaryDirectory } from './emulatorClients.ts';

export const CODECS = Object.values(CompressionAlgorithms);
export type Codec = (typeof CODECS)[number];

export interface KafkaMessage {
  topic: string;
  partition?: number;
  key?: Buffer;
  /** None is a tombstone. */
  value?: Buffer;
  headers?: Record<string, string | Buffer>;
}

export interface Login {
  port: number;
  user?: string;
  password: string;
}

export interface KafkaClient {
  /** Resolves when the broker has the messages; with `acks` 0 when they are sent. */
  send(messages: KafkaMessage[], options?: { codec?: Codec; acks?: number }): Promise<void>;
  close(): Promise<void>;
}

type StartClient = (login: Login, options?: { idempotent?: boolean; retries?: number }) => KafkaClient;

const USER = '$ConnectionString';

const platformatic: StartClient = (
  { port, user = USER, password },
  { idempotent = false, retries = 3 } = {},
) => {
  const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
    clientId: 'test',
    bootstrapBrokers: [`127.0.0.1:${port}`],
    sasl: { mechanism: 'PLAIN', username: user, password },
    idempotent,
    retries: Math.max(retries, idempotent ? 2 : 0),
    retryDelay: 100,
    timeout: 10_000,
  });
  return {
    async send(messages, { codec = 'none', acks = ProduceAcks.ALL } = {}) {
      await producer.send({
        acks,
        compression: codec,
        messages: messages.map(({ headers = {}, ...message }) => ({
          ...message,
          headers: new Map(Object.entries(headers).map(([k, v]) => [Buffer.from(k), Buffer.from(v)])),
        })) as never,
      });
    },
    close: () => producer.close(),
  };
};

const KAFKAJS_CODECS: Record<Codec, kafkajs.CompressionTypes> = {
  none: kafkajs.CompressionTypes.None,
  gzip: kafkajs.CompressionTypes.GZIP,
  snappy: kafkajs.CompressionTypes.Snappy,
  lz4: kafkajs.CompressionTypes.LZ4,
  zstd: kafkajs.CompressionTypes.ZSTD,
};
// kafkajs brings gzip only; what it sends around the compressed bytes is its own in any case.
for (const codec of ['snappy', 'lz4', 'zstd'] as const) {
  kafkajs.CompressionCodecs[KAFKAJS_CODECS[codec] as kafkajs.CompressionTypes.LZ4] = () => ({
    compress: async ({ buffer }: { buffer: Buffer }) => compressionsAlgorithms[codec].compressSync(buffer),
  });
}

const js: StartClient = ({ port, user = USER, password }, { idempotent = false, retries = 3 } = {}) => {
  const kafka = new kafkajs.Kafka({
    clientId: 'test',
    brokers: [`127.0.0.1:${port}`],
    // An object of its own for each client: kafkajs keeps the login in it.
    sasl: { mechanism: 'plain', username: user, password },
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries, initialRetryTime: 100, factor: 0, maxRetryTime: 500 },
    requestTimeout: 10_000,
  });
  const producer = kafka.producer({ idempotent, createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  let connected: Promise<void> | undefined;
  return {
    async send(messages, { codec = 'none', acks = -1 } = {}) {
      connected ??= producer.connect();
      await connected;
      const byTopic = Map.groupBy(messages, ({ topic }) => topic);
      const topicMessages = [...byTopic].map(([topic, ofTopic]) => ({
        topic,
        messages: ofTopic.map(({ topic: _, value = null, ...message }) => ({ ...message, value })),
      }));
      await producer.sendBatch({ topicMessages, compression: KAFKAJS_CODECS[codec], acks });
    },
    close: () => producer.disconnect(),
  };
};

/** Each by the name of its package. */
export const CLIENTS: Readonly<Record<string, StartClient>> = {
  '@platformatic/kafka': platformatic,
  kafkajs: js,
};

/** An emulator with a Kafka endpoint without the service's limits, on free ports, unless told otherwise. */
export async function kafkaEmulator(
  t: TestContext,
  hubs = [{ name: 'ledger', partitions: 3 }],
  { directory = temporaryDirectory(t), port = 0, kafkaPort = 0, kafkaLimits = 'none' as LimitsName } = {},
): Promise<Emulator & { login: Login }> {
  const emulator = await startEmulator({ port, kafkaPort, kafkaLimits, directory, hubs });
  afterwards(t, () => emulator.stop());
  return { ...emulator, login: { port: emulator.kafkaPort!, password: emulator.connectionString } };
}

/** A client that is closed after the test. */
export function clientFor(
  t: TestContext,
  ...[start, ...args]: [StartClient, ...Parameters<StartClient>]
): KafkaClient {
  const client = start(...args);
  afterwards(t, () => client.close().catch(() => {}));
  return client;
}

export const API = {
  produce: 0,
  metadata: 3,
  handshake: 17,
  versions: 18,
  producerId: 22,
  authenticate: 36,
} as const;

/** A connection that sends what it is told to, and reads one answer after the other. */
export class BareConnection {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
  #received = Buffer.alloc(0);
  #correlationId = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = once(socket, 'close');
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
  }

  static async open(t: TestContext, port: number): Promise<BareConnection> {
    const connection = new BareConnection(connect(port, '127.0.0.1'));
    afterwards(t, () => connection.socket.destroy());
    await once(connection.socket, 'connect');
    return connection;
  }

  /** Opens a connection, and logs in. */
  static async loggedIn(t: TestContext, { port, user = USER, password }: Login): Promise<BareConnection> {
    const connection = await BareConnection.open(t, port);
    await connection.ask(API.handshake, 1, text('PLAIN'));
    const answer = await connection.ask(API.authenticate, 0, bytes(`\0${user}\0${password}`));
    if (answer.readInt16BE(0) !== 0) throw new Error(`The login failed with ${answer.readInt16BE(0)}.`);
    return connection;
  }

  /** Sends a request in its older form, and returns the body of the answer. */
  async ask(api: number, version: number, ...body: Buffer[]): Promise<Buffer> {
    this.socket.write(frame(request(api, version, ++this.#correlationId, ...body)));
    const answer = await this.answer();
    if (answer.readInt32BE(0) !== this.#correlationId) throw new Error('This answers another request.');
    return answer.subarray(4);
  }

  /** The next answer. Rejects when the connection ends without one. */
  async answer(): Promise<Buffer> {
    for (;;) {
      const { length } = this.#received;
      const size = length < 4 ? undefined : this.#received.readInt32BE(0);
      if (size !== undefined && length >= 4 + size) {
        const answer = this.#received.subarray(4, 4 + size);
        this.#received = this.#received.subarray(4 + size);
        return answer;
      }
      if (this.socket.destroyed) throw new Error('The connection was closed without an answer.');
      await Promise.race([once(this.socket, 'data'), this.closed]);
    }
  }
}

export function request(api: number, version: number, correlationId: number, ...body: Buffer[]): Buffer {
  return Buffer.concat([int16(api), int16(version), int32(correlationId), text('bare'), ...body]);
}

export function frame(content: Buffer): Buffer {
  return Buffer.concat([int32(content.length), content]);
}

export function int8(value: number): Buffer {
  return Buffer.of(value & 0xff);
}

export function int64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64BE(BigInt(value));
  return buffer;
}

export function int16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeInt16BE(value);
  return buffer;
}

export function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

export function text(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);
}

export function bytes(value: string | Buffer): Buffer {
  const content = Buffer.from(value as string);
  return Buffer.concat([int32(content.length), content]);
}

/** The body of a Produce request (version 3 to 8) for one topic. */
export function produceBody(
  topic: string,
  partitions: [index: number, records: Buffer][],
  { acks = -1, transactionalId }: { acks?: number; transactionalId?: string } = {},
): Buffer {
  return Buffer.concat([
    transactionalId === undefined ? int16(-1) : text(transactionalId),
    ...[int16(acks), int32(1000), int32(1), text(topic), int32(partitions.length)],
    ...partitions.flatMap(([index, records]) => [int32(index), bytes(records)]),
  ]);
}

/** Error code and base offset of each partition in the answer to a Produce request (version 3 to 7) for one topic. */
export function produceResults(
  answer: Buffer,
  topic: string,
  version = 3,
): Map<number, { code: number; offset: number }> {
  const size = version >= 5 ? 30 : 22;
  let at = 4 + 2 + Buffer.byteLength(topic);
  const count = answer.readInt32BE(at);
  at += 4;
  const results = new Map<number, { code: number; offset: number }>();
  for (let index = 0; index < count; index++, at += size) {
    const offset = Number(answer.readBigInt64BE(at + 6));
    results.set(answer.readInt32BE(at), { code: answer.readInt16BE(at + 4), offset });
  }
  return results;
}
