import assert from 'node:assert/strict';
import * as kafka from '@platformatic/kafka';
import { type TestContext, test } from 'vitest';
import { afterwards, bodyText, consumerFor, read, until } from './emulatorClients.ts';
import { kafkaEmulator, type Login } from './kafkaClients.ts';

// The clients of the other tests use one version of each request; older and newer ones use others.

/** A request of one version, by the library's codec for it. */
interface Call {
  async(connection: kafka.Connection, ...parameters: unknown[]): Promise<unknown>;
}

const calls = kafka as unknown as Record<string, { api: Call }>;
const call = (name: string, version: number): Call => calls[`${name}V${version}`]!.api;
const versions = (least: number, most: number) =>
  Array.from({ length: most - least + 1 }, (_, index) => least + index);

async function connected(t: TestContext, { port }: Login): Promise<kafka.Connection> {
  const connection = new kafka.Connection('versions');
  afterwards(t, () => connection.close());
  await connection.connect('127.0.0.1', port);
  return connection;
}

async function loggedIn(t: TestContext, login: Login, version = 2): Promise<kafka.Connection> {
  const connection = await connected(t, login);
  await call('saslHandshake', 1).async(connection, 'PLAIN');
  const bytes = Buffer.from(`\0$ConnectionString\0${login.password}`);
  await call('saslAuthenticate', version).async(connection, bytes);
  return connection;
}

test('every version of ApiVersions lists what is served', async (t) => {
  const { login } = await kafkaEmulator(t);
  const connection = await connected(t, login);
  for (const version of versions(0, 3)) {
    const { apiKeys } = (await call('apiVersions', version).async(connection, 'test', '1')) as {
      apiKeys: { apiKey: number; minVersion: number; maxVersion: number }[];
    };
    const ranges = apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, minVersion, maxVersion]);
    assert.deepEqual(ranges, [
      [0, 0, 9],
      [1, 4, 11],
      [2, 1, 5],
      [3, 1, 9],
      [8, 1, 7],
      [9, 1, 5],
      [10, 0, 2],
      [11, 0, 5],
      [12, 0, 3],
      [13, 0, 2],
      [14, 0, 3],
      [17, 0, 1],
      [18, 0, 3],
      [22, 0, 4],
      [36, 0, 2],
    ]);
  }
});

test('every version of the login, of producer ids and of topic descriptions', async (t) => {
  const { login } = await kafkaEmulator(t);
  for (const version of versions(0, 2)) await loggedIn(t, login, version);
  const connection = await loggedIn(t, login);
  const ids = new Set<bigint>();
  for (const version of versions(0, 4)) {
    const answer = await call('initProducerId', version).async(connection, null, 1000, -1n, -1);
    const { producerId, producerEpoch } = answer as { producerId: bigint; producerEpoch: number };
    assert.equal(producerEpoch, 0);
    ids.add(producerId);
  }
  assert.equal(ids.size, 5);
  for (const version of versions(1, 9)) {
    for (const topics of [['ledger'], null]) {
      const answer = (await call('metadata', version).async(connection, topics)) as {
        brokers: { host: string; port: number; nodeId: number }[];
        topics: { name: string; partitions: { partitionIndex: number; leaderId: number }[] }[];
      };
      assert.deepEqual(
        answer.brokers.map(({ host, port, nodeId }) => [host, port, nodeId]),
        [['127.0.0.1', login.port, 0]],
      );
      assert.deepEqual(
        answer.topics.map(({ name, partitions }) => [
          name,
          partitions.map((p) => [p.partitionIndex, p.leaderId]),
        ]),
        [['ledger', [0, 1, 2].map((index) => [index, 0])]],
        `version ${version}`,
      );
    }
  }
});

test('every version of Produce stores, and says where or why not', async (t) => {
  const { login, connectionString } = await kafkaEmulator(t);
  const connection = await loggedIn(t, login);
  for (const version of versions(3, 9)) {
    const messages = [0, 1].map(() => ({
      topic: 'ledger',
      partition: 1,
      value: Buffer.from(`version ${version}`),
    }));
    const { responses } = (await call('produce', version).async(connection, -1, 1000, messages)) as {
      responses: { name: string; partitionResponses: { index: number; baseOffset: bigint }[] }[];
    };
    assert.deepEqual(
      responses.map(({ name, partitionResponses: [answer] }) => [name, answer!.index, answer!.baseOffset]),
      [['ledger', 1, BigInt(2 * (version - 3))]],
    );
    const nowhere = [{ topic: 'ledger', partition: 9, value: Buffer.from('x') }];
    await assert.rejects(call('produce', version).async(connection, -1, 1000, nowhere), (error: Error) => {
      const [cause] = (error as AggregateError).errors as [{ apiId: string }];
      assert.equal(cause.apiId, 'UNKNOWN_TOPIC_OR_PARTITION');
      return true;
    });
  }
  const reading = read(t, consumerFor(t, connectionString, 'ledger'));
  await until('all events are read', () => reading.events.length === 14);
  assert.deepEqual(
    reading.events.map(bodyText),
    versions(3, 9).flatMap((version) => [`version ${version}`, `version ${version}`]),
  );
});
