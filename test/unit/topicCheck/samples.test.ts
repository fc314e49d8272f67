import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, test } from 'vitest';
import { type Sample, sampleOf } from '../../../tools/operator/topicCheck/sample.ts';
import { samplesOfFiles } from '../../../tools/operator/topicSamples/samples.ts';
import { READ_AT } from '../../support/topicStyles.ts';

const directory = mkdtempSync(join(tmpdir(), 'samples-'));
afterAll(() => rmSync(directory, { recursive: true }));

const sample = (text: string) => sampleOf(Buffer.from(text), 7, 'line 7', READ_AT);
const PLACE = '"partition":3,"sequence_number":12,"enqueued_at":"2026-11-20T10:00:00Z"';

async function readAll(path: string): Promise<Sample[]> {
  const samples: Sample[] = [];
  for await (const page of (await samplesOfFiles(path, READ_AT))()) samples.push(...page);
  return samples;
}

function file(name: string, content: string | Buffer): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

test('a line with the broker’s data is a wrapper; digits are kept', () => {
  const { event, placed, origin } = sample(`{${PLACE},"key":"k","body":{"amount":12345678901234567.10}}`);
  assert.deepEqual(
    [event.partition, event.sequenceNumber, event.enqueuedAt, event.key, placed, origin],
    [3, 12, Date.UTC(2026, 10, 20, 10) * 1000, 'k', true, 'partition 3, number 12'],
  );
  assert.equal(event.body.toString(), '{"amount":12345678901234567.10}');
  assert.equal(sample(`{${PLACE},"key":null,"body":"{\\"a\\":1}"}`).event.body.toString(), '{"a":1}');
  assert.equal(sample(`{${PLACE},"body_base64":"/w=="}`).event.body.toString('hex'), 'ff');
});

test('what lacks a part of it, or has another member, is a payload', () => {
  for (const text of [
    '{"partition":0,"sequence_number":1,"body":{}}',
    `{${PLACE},"body":{},"amount":1}`,
    `{${PLACE},"body":{},"body_base64":""}`,
    `{${PLACE},"body":[1]}`,
    `{${PLACE},"key":true,"body":{}}`,
    `{${PLACE.replace('12', '-1')},"body":{}}`,
    `{${PLACE.replace('2026', '1926')},"body":{}}`,
    '{"body":{"amount":1}}',
    `{${PLACE},"body":{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`,
  ]) {
    const { event, placed, origin } = sample(text);
    assert.equal(placed, false, text);
    assert.deepEqual([event.body.toString(), event.enqueuedAt, origin], [text, READ_AT, 'line 7']);
  }
});

test('lines, gzip, one JSON message, an array, and a folder of these are read', async () => {
  const bodies = async (path: string) => (await readAll(path)).map(({ event }) => event.body.toString());
  const lines = '{"a":1}\n\n{"a":2.50}\r\n{"a":';
  assert.deepEqual(await bodies(file('l.ndjson', lines)), ['{"a":1}', '{"a":2.50}', '{"a":']);
  assert.deepEqual(await bodies(file('z.jsonl.gz', gzipSync(lines))), ['{"a":1}', '{"a":2.50}', '{"a":']);
  assert.deepEqual(await bodies(file('one.json', '{\n  "a": 1\n}\n')), ['{\n  "a": 1\n}\n']);
  const list = '\ufeff[{"a":1.50}, {"b":[2]}, 3]';
  assert.deepEqual(await bodies(file('list.json', list)), ['{"a":1.50}', '{"b":[2]}', '3']);
  assert.deepEqual(await bodies(file('lines.json', lines)), ['{"a":1}', '{"a":2.50}', '{"a":']);
  mkdirSync(join(directory, 'folder', 'deeper'), { recursive: true });
  file('folder/b.ndjson', '{"b":1}\n{"b":2}');
  file('folder/a.json', '{"a":1}');
  file('folder/deeper/c.json', '{"c":1}');
  file('folder/readme.txt', 'no sample');
  const samples = await readAll(join(directory, 'folder'));
  assert.deepEqual(
    samples.map(({ event, origin }) => `${origin} ${event.body}`),
    ['a.json, 1 {"a":1}', 'b.ndjson, 1 {"b":1}', 'b.ndjson, 2 {"b":2}', 'deeper/c.json, 1 {"c":1}'],
  );
  mkdirSync(join(directory, 'empty'));
  await assert.rejects(samplesOfFiles(join(directory, 'empty'), READ_AT), /has no \.json, \.ndjson/);
});
