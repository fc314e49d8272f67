import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'vitest';
import { normalisePayload } from '../../../shared/contracts/normalise.ts';
import { openMessage } from '../../../shared/contracts/openMessage.ts';
import {
  BUILT_IN_PROFILES,
  contractOf,
  type Profile,
  parseProfile,
} from '../../../shared/contracts/profile.ts';
import { inEnvelope } from '../../../tools/proof/synthetic/envelope.ts';
import { type SyntheticEvent, syntheticEvents } from '../../../tools/proof/synthetic/payments.ts';
import { Random } from '../../../tools/proof/synthetic/random.ts';

// A profile reads synthetic events that were written for it as the canonical profile reads them as they are.

const SEED = 24;
const NOW = Date.UTC(2026, 10, 22, 11);
const generator = syntheticEvents(new Random(SEED), 'run', () => NOW);
const EVENTS = Array.from({ length: 300 }, () => generator.next().value as SyntheticEvent);
const canonical = parseProfile(BUILT_IN_PROFILES['canonical-v1'], 'canonical-v1');

function read(event: SyntheticEvent, profile: Profile) {
  const contract = contractOf(profile, event.topic, 'hub');
  const message = openMessage(contract, event);
  if (message.kind !== 'record') return message.kind === 'rejected' ? message.rejection.reason : message.kind;
  const clock = { enqueuedAt: NOW * 1000, maxClockSkew: 300_000_000 };
  const result = normalisePayload(contract, message.root, message.payload, clock);
  if (!result.accepted) return result.reason;
  const record: Record<string, unknown> = { ...result.record };
  for (const name of ['amount', 'amountSigned']) {
    const money = record[name];
    if (typeof money === 'string' && money.includes('.')) record[name] = money.replace(/\.?0+$/, '');
  }
  return record;
}

function isTheSame(profile: Profile, name: string): void {
  for (const event of EVENTS) {
    const written = inEnvelope(event, profile);
    if (event.fault === undefined) assert.deepEqual(read(written, profile), read(event, canonical), name);
    // An alias that the profile does not know can't contradict.
    else if (event.fault !== 'alias_conflict')
      assert.equal(typeof read(written, profile), 'string', event.fault);
  }
}

const change = (ofTopics: object) => {
  const data = structuredClone(BUILT_IN_PROFILES['canonical-v1']) as { topics: Record<string, object> };
  for (const topic of ['ledger', 'payment_order', 'pair']) Object.assign(data.topics[topic]!, ofTopics);
  return parseProfile(data, 'test');
};

test(`synthetic values in each format of times and amounts (seed ${SEED})`, () => {
  for (const format of [
    'epoch_seconds',
    'epoch_milliseconds',
    'epoch_microseconds',
    'epoch_nanoseconds',
    'date_parts',
    'seconds_and_nanos',
    'java_time',
  ]) {
    for (const more of [{}, { wall_time: format !== 'date_parts', time_zone: 'Asia/Seoul' }]) {
      const updated_at = { format, ...more };
      isTheSame(change({ formats: { updated_at, occurred_at: updated_at } }), JSON.stringify(updated_at));
    }
  }
  isTheSame(change({ formats: { updated_at: { wall_time: true, time_zone: 'Asia/Seoul' } } }), 'wall time');
  for (const amount of [
    { format: 'decimal' },
    { format: 'minor_units', scale: 2 },
    { format: 'connect_decimal', scale: 4 },
    { format: 'connect_decimal', scale: 'value' },
  ]) {
    isTheSame(change({ formats: { amount } }), JSON.stringify(amount));
  }
  const amount = { format: 'connect_decimal', scale: 'schema' };
  isTheSame(change({ formats: { amount }, envelope: ['payload', 'after'] }), 'schema');
});

test('the profiles of the Debezium fixtures read synthetic events that are written for them', () => {
  const folder = new URL('../../fixtures/debezium/profiles/', import.meta.url);
  const files = readdirSync(folder).filter((file) => file !== 'avro.json');
  assert.ok(files.length > 10);
  for (const file of files) {
    const profile = parseProfile(JSON.parse(readFileSync(new URL(file, folder), 'utf8')), file);
    for (const event of EVENTS) {
      if (event.fault !== undefined || event.topic === 'pair') continue;
      assert.equal(typeof read(inEnvelope(event, profile), profile), 'object', `${file} ${event.topic}`);
    }
  }
});
