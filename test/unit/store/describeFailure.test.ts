import assert from 'node:assert/strict';
import { createConnection } from 'node:net';
import { QueueClient } from '@azure/storage-queue';
import pg from 'pg';
import { test } from 'vitest';
import { describeFailure } from '../../../shared/store/describeFailure.ts';
import { frozenServer } from '../../support/frozenServer.ts';

const failureOf = async (work: () => unknown): Promise<unknown> => {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('It did not fail.');
};

test('PostgreSQL is named where nobody listens at its address, or what does is frozen', async (t) => {
  const away = new pg.Client('postgres://jo@127.0.0.1:9/x');
  assert.match(
    describeFailure(await failureOf(() => away.connect())),
    /^PostgreSQL cannot be reached at 127\.0\.0\.1:9 \(ECONNREFUSED\)/,
  );
  const pool = new pg.Pool({
    connectionString: `postgres://jo@127.0.0.1:${await frozenServer(t)}/x`,
    connectionTimeoutMillis: 200,
  });
  assert.match(
    describeFailure(await failureOf(() => pool.query('SELECT 1'))),
    /^PostgreSQL did not answer: .*time/,
  );
  const refused = Object.assign(new Error(''), { code: 'ECONNREFUSED', address: '::1', port: 9 });
  assert.match(describeFailure(new AggregateError([refused])), /^PostgreSQL cannot be reached at ::1:9/);
  const unknown = new pg.Client('postgres://jo@no.such.host.invalid:5432/x');
  assert.match(describeFailure(await failureOf(() => unknown.connect())), /no\.such\.host\.invalid/);
});

test('a programming error is called one, with its place and without its message', async () => {
  const wrong = await failureOf(() => (undefined as unknown as { secret: object }).secret);
  assert.match(
    describeFailure(wrong),
    /^an error in this program \(TypeError at describeFailure\.test\.ts:\d+:\d+\)/,
  );
  const { code } = (await failureOf(() => createConnection({ port: 70_000 }))) as { code: string };
  assert.equal(code, 'ERR_SOCKET_BAD_PORT');
  const withCode = Object.assign(new RangeError('port'), { code });
  assert.match(describeFailure(withCode), /^an error in this program \(RangeError/);
  const ours = await failureOf(() => {
    throw new Error('wallet-17 was not expected');
  });
  assert.match(describeFailure(ours), /^an error in this program \(Error at/);
  assert.ok(!describeFailure(ours).includes('wallet-17'));
});

test('a service of Azure that fails is not called PostgreSQL', async () => {
  const queue = new QueueClient('http://127.0.0.1:9/account/queue', undefined, {
    retryOptions: { maxTries: 1 },
  });
  assert.match(
    describeFailure(await failureOf(() => queue.getProperties())),
    /^a service of Azure, which was not reached, did not do what it was asked \(ECONNREFUSED\)/,
  );
  const messaging = Object.assign(new Error('amqp'), { retryable: false, code: 'UnauthorizedError' });
  assert.equal(describeFailure(messaging), 'Event Hubs did not do what it was asked (UnauthorizedError).');
});
