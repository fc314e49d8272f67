import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, test } from 'vitest';
import { parseProfile } from '../../shared/contracts/profile.ts';
import { pageOf } from '../../tools/operator/topicReport/page.ts';
import { markdownText, terminalText } from '../../tools/operator/topicReport/render.ts';
import { en } from '../../tools/operator/topicReport/words/en.ts';
import { ko } from '../../tools/operator/topicReport/words/ko.ts';
import { samplesOfFiles } from '../../tools/operator/topicSamples/samples.ts';
import { checkStyle, READ_AT, samplePath, TOPIC_STYLES } from '../support/topicStyles.ts';

// The command as a person runs it.

const directory = mkdtempSync(join(tmpdir(), 'topic-check-test-'));
afterAll(() => rmSync(directory, { recursive: true }));

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function topicCheck(
  words: readonly string[],
  input?: Buffer,
  nodeOptions: string[] = [],
): Promise<Run> {
  const child = spawn(process.execPath, [...nodeOptions, 'tools/operator/main.ts', 'topic-check', ...words]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

const style = (samples: string) => ['--file', samplePath(samples)];

test('standard input, gzip too, says the same as the file', async () => {
  const samples = readFileSync(samplePath('upper-case-local-ledger.ndjson'));
  const ofFile = await topicCheck([...style('upper-case-local-ledger.ndjson'), '--json']);
  assert.equal(ofFile.code, 1);
  for (const input of [samples, gzipSync(samples)]) {
    const { code, stdout } = await topicCheck(['--file', '-', '--json'], input);
    assert.equal(code, 1);
    assert.deepEqual(JSON.parse(stdout), JSON.parse(ofFile.stdout));
  }
});

test('wrong use is said, with exit code 2', async () => {
  const broken = join(directory, 'broken.json');
  writeFileSync(broken, '{"id":"x","topics":{}}');
  const cut = join(directory, 'cut');
  mkdirSync(cut);
  writeFileSync(join(cut, 'a.ndjson'), '{}\n');
  writeFileSync(join(cut, 'b.ndjson.gz'), gzipSync('{"order_id":"secret"}\n'.repeat(99)).subarray(0, -12));
  const uses: [string[], RegExp][] = [
    [['--file', cut], /b\.ndjson\.gz: .*incomplete or damaged/],
    [
      [...style('canonical-orders.ndjson'), '--profile', directory],
      /contract profile .* can't be read: EISDIR/,
    ],
    [[], /Name the samples/],
    [['--file', 'x', '--hub', 'y'], /Name the samples/],
    [['--file', 'x', '--last', '5'], /add --hub/],
    [['--hub', 'x', '--last', '5', '--minutes', '5'], /use one/],
    [[...style('canonical-orders.ndjson'), '--topic', 'orders'], /ledger, payment_order, pair/],
    [[...style('canonical-orders.ndjson'), '--time-zone', 'Mars'], /no IANA time zone/],
    [[...style('canonical-orders.ndjson'), '--profile', broken], /broken\.json.*topics\.ledger/s],
    [['--file', join(directory, 'absent')], /can't be used/],
    [['--file', '-'], /no message/],
  ];
  for (const [words, message] of uses) {
    const { code, stderr } = await topicCheck(words, Buffer.from('\n'));
    assert.equal(code, 2, words.join(' '));
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /\n {4}at /, 'no stack');
  }
});

test('a terminal gets colours, a pipe none', async () => {
  const { stdout } = await topicCheck(style('canonical-orders.ndjson'));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with it
  assert.doesNotMatch(stdout, /\x1b\[3/);
  assert.match(stdout, /^Topic check: payment_order\nReady: /);
});

test('the page for the producing team, in English and Korean, with the profile beside it', async () => {
  const page = join(directory, 'page.md');
  const profile = join(directory, 'profile.json');
  const words = [
    ...style('debezium-defaults-ledger.ndjson'),
    '--markdown',
    page,
    '--propose-profile',
    profile,
  ];
  const english = await topicCheck(words);
  assert.equal(english.code, 1);
  assert.match(english.stderr, /reads 0 of 17 messages/);
  const text = readFileSync(page, 'utf8');
  assert.match(text, /^# Topic check: ledger\n\n\*\*Ask the producer/);
  assert.match(text, /- `amount` can't be read in 94\.1 % .*decimal\.handling\.mode=string/);
  assert.match(text, /`updated_at`: number of microseconds since 1970, read as UTC\. .* set `wall_time`/);
  assert.match(text, /hold no record \(`deletes: 1`\) are passed over/);
  assert.equal(
    parseProfile(JSON.parse(readFileSync(profile, 'utf8')), profile).topics.ledger.envelope?.[0],
    'after',
  );
  await topicCheck([...words, '--lang', 'ko']);
  const korean = readFileSync(page, 'utf8');
  assert.match(korean, /^# 토픽 점검: ledger\n\n\*\*프로듀서 팀에 요청 필요/);
  assert.match(korean, /- 메시지의 94\.1%에서 `amount` 필드를 읽을 수 없습니다/);
  assert.equal(
    korean.split('\n').filter((line) => line.startsWith('## ')).length,
    text.split('\n## ').length - 1,
  );
});

test('no value of a sample is shown: not in JSON, page or terminal', async () => {
  for (const one of TOPIC_STYLES) {
    const values = new Set<string>();
    for await (const part of (await samplesOfFiles(samplePath(one.samples), READ_AT))()) {
      for (const { event } of part) {
        if (event.key !== null) values.add(event.key);
        collect(parsed(event.body.toString()), values);
      }
    }
    const { report } = await checkStyle(one);
    const pages = [en, ko].map((words) => pageOf(report, words, true));
    const outputs = [JSON.stringify(report), ...pages.map(markdownText), ...pages.map(terminalText)];
    assert.ok(values.size > 1, `${one.samples}: ${[...values]}`);
    for (const value of values) {
      for (const output of outputs) assert.ok(!output.includes(value), `${value} of ${one.samples}`);
    }
  }
});

/** Words that the reports themselves use. */
const OWN_WORDS = [
  ...['PAYMENT', 'RECEIVE', 'PAYMENT_ORDER', 'payment_orders', 'tx_id', 'ledger', 'false'],
  // What marks a deleted record is in the profile that is proposed.
  ...['delete', 'DELETE', 'insert', 'INSERT', 'update', 'UPDATE', 'remove', 'REMOVE'],
];

function collect(value: unknown, values: Set<string>): void {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) collect(member, values);
    return;
  }
  // Records in a text, as some producers send them.
  const inner = typeof value === 'string' ? parsed(value) : undefined;
  if (typeof inner === 'object' && inner !== null) collect(inner, values);
  else if (typeof value === 'string' && value.length > 4 && !OWN_WORDS.includes(value)) values.add(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

test('names that are data are not shown either, where a message fails', async () => {
  const body = {
    order_id: 'secret-order',
    '4111111111111111': 'x',
    'kim@example.com': { 'user-20261120-0001': 'y' },
    'a sentence about someone': 1,
  };
  const { stdout } = await topicCheck(['--file', '-', '--json'], Buffer.from(JSON.stringify(body)));
  assert.doesNotMatch(stdout, /4111|kim|20261120|sentence|secret/);
  assert.match(stdout, /a name of 16 characters/);
});

test('100,000 samples in bounded memory', async () => {
  const file = join(directory, 'many.ndjson');
  const out = createWriteStream(file);
  for (let index = 0; index < 100_000; index++) {
    const time = new Date(Date.UTC(2026, 10, 20) + index * 100).toISOString();
    const id = index % 70_000;
    const line = `{"partition":${index % 4},"sequence_number":${index},"enqueued_at":"${time}","key":"tx-${id}","body":{"transactionId":"tx-${id}","walletId":"wallet-${index % 500}","entryType":"${index % 2 ? 'RECEIVE' : 'PAYMENT'}","amount":"${index}.25","orderId":"order-${id >> 1}","eventTime":"${time}","updatedAt":"${time}","version":${index < 70_000 ? 1 : 2}}}\n`;
    if (!out.write(line)) await once(out, 'drain');
  }
  out.end();
  await finished(out);
  const { code, stdout, stderr } = await topicCheck(['--file', file, '--json'], undefined, [
    '--max-old-space-size=160',
  ]);
  assert.equal(code, 1, stderr.slice(-2000));
  const { samples, order, pairs, verdict } = JSON.parse(stdout);
  assert.deepEqual(
    [verdict, samples.received, order.records, order.further_states, order.late, pairs.complete],
    ['ready_with_profile', 100_000, 70_000, 30_000, 0, 35_000],
  );
});
