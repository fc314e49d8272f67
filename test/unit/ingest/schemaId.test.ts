import assert from 'node:assert/strict';
import { test } from 'vitest';
import { readBrokerEvents } from '../../../shared/ingest/brokerEvent.ts';

// The content type of Azure Schema Registry's serializers, as the host hands it over.

const ID = '0123456789abcdef0123456789abcdef';
const TYPE = `avro/binary+${ID}`;

function schemaIdOf(system: object, properties: object): string | undefined {
  const [event] = readBrokerEvents([Buffer.from('x')], {
    triggerPartitionContext: { partitionId: '0' },
    systemPropertiesArray: [
      {
        'x-opt-sequence-number': 1,
        'x-opt-enqueued-time': '2026-11-22T12:00:00Z',
        'x-opt-offset': '0',
        ...system,
      },
    ],
    propertiesArray: [properties],
  });
  return event?.schemaId;
}

test('the content type of an AMQP message names the schema', () => {
  assert.equal(schemaIdOf({ 'content-type': TYPE }, {}), ID);
  assert.equal(schemaIdOf({ 'content-type': TYPE.toUpperCase() }, {}), ID);
  assert.equal(schemaIdOf({ 'content-type': 'application/json' }, {}), undefined);
  assert.equal(schemaIdOf({}, {}), undefined);
});

test('so does the header of a Kafka producer, whose values are bytes', () => {
  const bytes = Buffer.from(TYPE).toString('base64');
  assert.equal(schemaIdOf({ 'x-opt-kafka-key': 'azE=' }, { 'content-type': bytes }), ID);
  assert.equal(schemaIdOf({}, { 'content-type': bytes }), ID);
  assert.equal(schemaIdOf({ 'x-opt-partition-key': 'k' }, { 'content-type': TYPE }), ID);
});
