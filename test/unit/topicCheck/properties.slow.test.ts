import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import { decodeBody } from '../../../shared/contracts/decode.ts';
import { normalise } from '../../../shared/contracts/normalise.ts';
import { contractOf, type Profile } from '../../../shared/contracts/profile.ts';
import { checkTopic } from '../../../tools/operator/topicCheck/check.ts';
import { sampleOf } from '../../../tools/operator/topicCheck/sample.ts';
import { CHECK_OPTIONS, READ_AT } from '../../support/topicStyles.ts';

const SEED = 20_261_122;

async function check(texts: readonly string[]) {
  const samples = texts.map((text, index) => sampleOf(Buffer.from(text), index, `line ${index}`, READ_AT));
  return checkTopic(async function* () {
    yield samples;
  }, CHECK_OPTIONS);
}

test(`whatever the messages are, there is an answer, and a profile that is valid, seed ${SEED}`, async () => {
  const names = fc.constantFrom(
    ...['order_id', 'amount', 'AMOUNT', 'value', 'status', 'before', 'after', 'data', 'type', 'created_at'],
    ...[
      '',
      '__proto__',
      'constructor',
      'toString',
      'updatedAt',
      'id',
      'tx_id',
      'body',
      'partition',
      '0',
      'a.b',
    ],
  );
  const { message } = fc.letrec((tie) => ({
    message: fc.dictionary(names, fc.oneof({ maxDepth: 4 }, fc.jsonValue({ maxDepth: 1 }), tie('message'))),
  }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          message.map((one) => jsonOf(one)),
          fc.string(),
        ),
        { maxLength: 8 },
      ),
      async (texts) => {
        const { report } = await check(texts);
        assert.equal(report.samples.received, texts.length);
        const failed = report.failures.reduce((sum, { count }) => sum + count, 0);
        const best = report.profiles.find(({ id }) => id === report.best_profile)!;
        assert.equal(best.accepted + best.ignored + failed, texts.length);
      },
    ),
    { seed: SEED, numRuns: 300 },
  );
});

/** Own members only, also one that is called `__proto__`. */
function jsonOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(jsonOf)}]`;
  return `{${Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${jsonOf(member)}`)}}`;
}

const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
const SPELLINGS: Readonly<Record<string, (name: string) => string>> = {
  own: (name) => name,
  camel,
  pascal: (name) => camel(`_${name}`),
  upper: (name) => name.toUpperCase(),
  kebab: (name) => name.replaceAll('_', '-'),
  joined: (name) => name.replaceAll('_', ''),
};
const ENVELOPES = [[], ['after'], ['payload', 'after'], ['data'], ['event', 'detail', 'record']];

const MESSAGES = {
  ledger: {
    tx_id: 'tx-1',
    wallet_id: 7,
    entry_type: 'PAYMENT',
    amount: '12.50',
    amount_signed: '-12.50',
    related_id: 'order-1',
    related_type: 'PAYMENT_ORDER',
    event_time: '2026-11-20T01:00:00Z',
    source_created_at: 1795136400123,
    updated_at: '2026-11-20T01:00:01.5+09:00',
    version: 3,
    occurred_at: '2026-11-20T01:00:02Z',
    schema_version: '1.2',
  },
  payment_order: {
    order_id: 'order-1',
    user_id: 'u',
    merchant_name: '서울 마트',
    amount: 12,
    status: 'PAID',
    created_at: '2026-11-20T01:00:00Z',
    updated_at: '2026-11-20T01:00:01Z',
    version: '3',
    occurred_at: '2026-11-20T01:00:02Z',
    schema_version: 1,
  },
  pair: {
    payment_order_id: 'order-1',
    payment_tx_id: 'p',
    receive_tx_id: 'r',
    payer_wallet_id: 'a',
    payee_wallet_id: 'b',
    amount: '12.50',
    status: 'CONFIRMED',
    updated_at: '2026-11-20T01:00:01Z',
    version: 3,
    occurred_at: '2026-11-20T01:00:02Z',
    schema_version: '1',
  },
} as const;
type Topic = keyof typeof MESSAGES;

function recordOf(profile: Profile, topic: Topic, body: unknown): unknown {
  const decoded = decodeBody(Buffer.from(JSON.stringify(body)));
  assert.ok(decoded.accepted);
  const contract = contractOf(profile, topic, 'hub');
  const read = normalise(contract, decoded.object, { enqueuedAt: READ_AT, maxClockSkew: 0 });
  return read.accepted ? read.record : read;
}

test('in every spelling and envelope, the proposed profile reads the record that the canonical one reads', async () => {
  const canonical = CHECK_OPTIONS.builtIn[0]!;
  for (const [topic, message] of Object.entries(MESSAGES) as [Topic, object][]) {
    const expected = recordOf(canonical, topic, message);
    for (const [spelling, spell] of Object.entries(SPELLINGS)) {
      const payload = Object.fromEntries(
        Object.entries(message).map(([name, value]) => [spell(name), value]),
      );
      for (const envelope of ENVELOPES) {
        const body = envelope.reduceRight<object>((inner, name) => ({ [name]: inner, other: 1 }), payload);
        const { report, profile } = await check([JSON.stringify(body)]);
        const what = `${topic}, ${spelling}, ${envelope.join('.')}`;
        assert.equal(report.topic, topic, what);
        const plain = spelling === 'own' && envelope.length === 0;
        assert.equal(report.verdict, plain ? 'ready' : 'ready_with_profile', what);
        assert.deepEqual(recordOf(profile, topic, body), expected, what);
      }
    }
  }
});
