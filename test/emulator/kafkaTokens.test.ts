import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { TokenCredential } from '@azure/identity';
import kafkajs from 'kafkajs';
import { type TestContext, test, vi } from 'vitest';
import { emulatorAddress, KafkaPublisher, testIssuer } from '../../tools/proof/synthetic/kafkaPublisher.ts';
import type { SyntheticEvent } from '../../tools/proof/synthetic/payments.ts';
import { afterwards, bodyText, consumerFor, read, until } from './emulatorClients.ts';
import { kafkaEmulator } from './kafkaClients.ts';

// SASL OAUTHBEARER: the publisher of `npm run cli -- publish --kafka`, and a client that shares no code with it.

const TOPICS = { ledger: 'ledger', payment_order: '', pair: '', control: '' };
const event = (name: string): SyntheticEvent => ({
  topic: 'ledger',
  key: name,
  body: Buffer.from(name),
  fault: undefined,
});

function publisherFor(t: TestContext, kafkaPort: number, credential: TokenCredential): KafkaPublisher {
  const publisher = new KafkaPublisher(emulatorAddress(kafkaPort, credential), TOPICS);
  afterwards(t, () => publisher.close().catch(() => {}));
  return publisher;
}

/** Gives the same token again and again. */
function always(token: string): TokenCredential {
  return { getToken: async () => ({ token, expiresOnTimestamp: 0 }) };
}

async function tokenOf(claims: Record<string, unknown>): Promise<string> {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  return `${encode({ alg: 'none' })}.${encode(claims)}.`;
}

test('the publisher logs in with a token for the namespace, and again before it expires', async (t) => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  const { login, connectionString } = await kafkaEmulator(t);
  const issuer = testIssuer(2);
  const scopes: unknown[] = [];
  const credential: TokenCredential = {
    getToken(scope) {
      scopes.push(scope);
      return issuer.getToken(scope);
    },
  };
  const publisher = publisherFor(t, login.port, credential);
  const names: string[] = [];
  const end = Date.now() + 5000;
  while (Date.now() < end) {
    names.push(`tx-${names.length}`);
    await publisher.publish(event(names.at(-1)!));
    await publisher.flush();
    await delay(100);
  }
  assert.equal(publisher.published, names.length);
  assert.ok(scopes.length >= 3, `asked for a token ${scopes.length} times in 5 s`);
  assert.deepEqual([...new Set(scopes)], ['https://127.0.0.1/.default']);
  const { events } = read(t, consumerFor(t, connectionString, 'ledger'));
  await until('every event is there', () => events.length === names.length);
  assert.deepEqual(events.map(bodyText).sort(), names.sort());
});

test('kafkajs publishes with a token too', async (t) => {
  const { login, connectionString } = await kafkaEmulator(t);
  const producer = new kafkajs.Kafka({
    brokers: [`127.0.0.1:${login.port}`],
    sasl: {
      mechanism: 'oauthbearer',
      oauthBearerProvider: async () => {
        const issued = await testIssuer().getToken('https://127.0.0.1/.default');
        return { value: issued!.token };
      },
    },
    logLevel: kafkajs.logLevel.NOTHING,
  }).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  afterwards(t, () => producer.disconnect());
  await producer.connect();
  await producer.send({ topic: 'ledger', messages: [{ key: 'tx-1', value: 'by kafkajs' }] });
  const { events } = read(t, consumerFor(t, connectionString, 'ledger'));
  await until('the event is there', () => events.length === 1);
  assert.equal(bodyText(events[0]!), 'by kafkajs');
});

test('tokens that are expired, early, of nobody or none at all are refused, and the message says why', async (t) => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  const { login } = await kafkaEmulator(t);
  const now = Math.floor(Date.now() / 1000);
  const cases: [TokenCredential, RegExp][] = [
    [testIssuer(-1), /The token is expired/],
    [always(await tokenOf({ iss: 'x', exp: now + 60, nbf: now + 30 })), /The token is not valid yet/],
    [always(await tokenOf({ exp: now + 60 })), /The token has no issuer/],
    [always('no-token'), /The token is no JSON Web Token/],
    [
      {
        async getToken() {
          throw new Error('please run az login');
        },
      },
      /no token for https:\/\/127\.0\.0\.1\/\.default: please run az login/,
    ],
  ];
  await Promise.all(
    cases.map(async ([credential, message]) => {
      const publisher = publisherFor(t, login.port, credential);
      await assert.rejects(async () => {
        await publisher.publish(event('tx-1'));
        await publisher.flush();
      }, message);
      assert.equal(publisher.published, 0);
    }),
  );
});
