import assert from 'node:assert/strict';
import { type Schema, Type } from 'avsc';
import { expect, test } from 'vitest';
import { compileAvroSchema } from '../../../shared/contracts/avroSchema.ts';
import { BUILT_IN_PROFILES, parseProfile } from '../../../shared/contracts/profile.ts';
import { SchemaRegistryError } from '../../../shared/schemas/schemaRegistryError.ts';
import { schemaSource } from '../../../shared/schemas/schemaSource.ts';
import { checkTopic } from '../../../tools/operator/topicCheck/check.ts';
import { type Sample, sampleOf } from '../../../tools/operator/topicCheck/sample.ts';
import { samplesWithSchemas } from '../../../tools/operator/topicSamples/sampleSchemas.ts';
import { CHECK_OPTIONS, READ_AT } from '../../support/topicStyles.ts';

// topic-check of a topic in Avro: the samples are read by the schemas that they name.

const ENTRY = {
  type: 'record',
  name: 'Entry',
  fields: [
    { name: 'tx_no', type: 'string' },
    { name: 'wallet_id', type: 'string' },
    { name: 'entry_type', type: 'string' },
    { name: 'amount', type: { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 2 } },
    { name: 'event_time', type: { type: 'long', logicalType: 'timestamp-micros' } },
    { name: 'updated_at', type: { type: 'long', logicalType: 'timestamp-micros' } },
    { name: 'related_id', type: ['null', 'string'] },
  ],
} as const;
const TYPE = Type.forSchema(ENTRY as unknown as Schema);
const AZURE_ID = '0123456789abcdef0123456789abcdef';
const FILES = new Map([
  ['7', compileAvroSchema(ENTRY)],
  [AZURE_ID, compileAvroSchema(ENTRY)],
]);

function entry(number: number): Buffer {
  const time = 1_795_654_923_000_000 + number;
  const amount = Buffer.from([number % 100, 16]);
  return TYPE.toBuffer({
    ...{ tx_no: `tx-${number}`, wallet_id: 'w', entry_type: 'PAYMENT', related_id: `o-${number}` },
    ...{ amount, event_time: time, updated_at: time },
  });
}

const HEADER_OF_7 = Buffer.from([0, 0, 0, 0, 7]);
const behindHeader = (number: number) => Buffer.concat([HEADER_OF_7, entry(number)]);

/** A line as it is spooled from a hub. */
function placed(number: number, body: Buffer, schema_id?: string): Sample {
  const line = {
    partition: 0,
    sequence_number: number,
    enqueued_at: '2026-11-26T10:02:03Z',
    key: `tx-${number}`,
    schema_id,
    body_base64: body.toString('base64'),
  };
  return sampleOf(Buffer.from(JSON.stringify(line)), number, `line ${number}`, READ_AT);
}

async function check(samples: readonly Sample[], source = schemaSource({ files: FILES }), options = {}) {
  const { read, schemas } = samplesWithSchemas(async function* () {
    yield samples;
  }, source);
  return checkTopic(read, { ...CHECK_OPTIONS, topic: 'ledger', ...options, schemas });
}

const numbers = Array.from({ length: 20 }, (_, index) => index);

test.for([
  ['behind the header of a registry', (number: number) => placed(number, behindHeader(number))],
  ['of the content type of Azure', (number: number) => placed(number, entry(number), AZURE_ID)],
] as const)('a topic in Avro %s is read by its schema', async ([, sample]) => {
  const { report, profile } = await check(numbers.map(sample));
  expect(report.asks).toEqual([]);
  expect(report.verdict).toBe('ready_with_profile');
  expect(report.samples).toMatchObject({ received: 20, with_broker_data: 20 });
  expect(profile.topics.ledger).toMatchObject({ encoding: 'avro', aliases: { tx_id: ['tx_no'] } });
  expect(report.profiles.find(({ source }) => source === 'proposed')?.accepted).toBe(20);
  expect(report.keys).toMatchObject({ other_key: 0 });
});

test('without the schema it says where schemas come from', async () => {
  const { report } = await check(
    numbers.map((number) => placed(number, behindHeader(number))),
    schemaSource({ files: new Map() }),
  );
  expect(report.asks.map(({ code }) => code)).toContain('avro');
});

test('with a profile for Avro, too, and the files of that profile stay in what is proposed', async () => {
  const [canonical] = Object.values(BUILT_IN_PROFILES) as [{ id: string; topics: { ledger: object } }];
  const given = parseProfile(
    {
      ...canonical,
      avro_schemas: { 7: 'entry.avsc' },
      topics: { ...canonical.topics, ledger: { ...canonical.topics.ledger, encoding: 'avro' } },
    },
    'given',
  );
  const samples = numbers.map((number) => placed(number, behindHeader(number)));
  const unknown = await check(samples, schemaSource({ files: new Map() }), { given });
  expect(unknown.report.asks.map(({ code }) => code)).toContain('avro');

  const { report, profile } = await check(samples, schemaSource({ files: FILES }), { given });
  expect(report.verdict).toBe('ready_with_profile');
  expect(profile.avro_schemas).toEqual({ 7: 'entry.avsc' });
});

test('a registry that is away ends the check with its own words', async () => {
  const away = {
    read: () => Promise.reject(new SchemaRegistryError('The schema registry did not answer.')),
  };
  await assert.rejects(check([placed(1, behindHeader(1))], away), {
    name: 'Complaint',
    message: 'The schema registry did not answer.',
  });
});

test('a sample of JSON asks no registry', async () => {
  let asked = 0;
  const counting = {
    read: (ids: ReadonlySet<string>) => {
      asked += ids.size;
      return Promise.resolve(new Map());
    },
  };
  await check([sampleOf(Buffer.from('{"tx_id":"tx-1"}'), 0, 'line 1', READ_AT)], counting);
  expect(asked).toBe(0);
});
