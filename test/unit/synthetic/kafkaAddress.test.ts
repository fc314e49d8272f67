import assert from 'node:assert/strict';
import { test } from 'vitest';
import { kafkaAddress, testIssuer } from '../../../tools/proof/synthetic/kafkaPublisher.ts';
import { eventHubsConnectionString } from '../../../tools/target/localCloud.ts';

test('the Kafka endpoint of a namespace is on port 9093 with TLS, whatever the local port', () => {
  const password =
    'Endpoint=sb://payments.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=a2V5';
  assert.deepEqual(kafkaAddress(password, 9092), {
    broker: 'payments.servicebus.windows.net:9093',
    tls: true,
    login: { mechanism: 'PLAIN', user: '$ConnectionString', password },
  });
});

test('an identity logs in by OAUTHBEARER, with a token for the namespace itself', () => {
  const credential = testIssuer();
  assert.deepEqual(kafkaAddress({ namespace: 'payments.servicebus.windows.net', credential }, 9092), {
    broker: 'payments.servicebus.windows.net:9093',
    tls: true,
    login: {
      mechanism: 'OAUTHBEARER',
      credential,
      scope: 'https://payments.servicebus.windows.net/.default',
    },
  });
});

test('the emulator has its own port, without TLS', () => {
  for (const port of [5672, 20_001]) {
    const password = eventHubsConnectionString(port);
    const { broker, tls } = kafkaAddress(password, 9092);
    assert.deepEqual([broker, tls], ['127.0.0.1:9092', false]);
  }
});
