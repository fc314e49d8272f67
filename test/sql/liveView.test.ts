import assert from 'node:assert/strict';
import { test } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import { entry, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import type { ShownDeadLetter } from '../../tools/view/deadLetters.ts';
import type { MarkedPayload } from '../../tools/view/markedPayload.ts';
import { manyDeadLetters, viewBed } from '../support/viewBed.ts';

interface Page {
  readonly letters: readonly ShownDeadLetter[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

const EVERY = {
  topic: null,
  error: null,
  details: null,
  key: null,
  partition: null,
  since: null,
  until: null,
  status: 'open',
};

test('dead letters are shown by what is wrong with them, in groups and in pages', async (t) => {
  const { database, ask } = await viewBed(t);
  await manyDeadLetters(database.pool, 1000);
  const { groups } = (await ask<{ groups: Record<string, unknown>[] }>('groups', {})).answer;
  assert.deepEqual(
    groups.map(({ topic, error, field, form }) => [topic, error, field, form]),
    [
      ['ledger.entry.upserted', 'core_invalid', 'amount', 'a number with grouping'],
      ['ledger.entry.upserted', 'core_invalid', 'event_time', 'a string of 13 digits'],
      ['ledger.entry.upserted', 'core_missing', 'wallet_id', null],
      ['ledger.entry.upserted', 'not_json', null, 'gzip'],
      ['payment.order.upserted', 'core_invalid', 'event_time', 'a string of 13 digits'],
      ['payment.order.upserted', 'core_missing', 'wallet_id', null],
    ],
  );
  assert.equal(
    groups.reduce((sum, { open }) => sum + (open as number), 0),
    990,
  );
  const page = async (body: object) => (await ask<Page>('letters', { selection: EVERY, ...body })).answer;
  const first = await page({});
  assert.deepEqual([first.letters.length, first.hasOlder, first.hasNewer], [50, true, false]);
  const second = await page({ older: Number(first.letters.at(-1)!.dlq_id) });
  assert.equal(second.hasNewer, true);
  const back = await page({ newer: Number(second.letters[0]!.dlq_id) });
  assert.deepEqual(back, first);

  const ofGroup = groups.find(({ form }) => form === 'gzip')!;
  const selection = {
    ...EVERY,
    topic: ofGroup['topic'],
    error: ofGroup['error'],
    details: ofGroup['details'],
  };
  assert.equal((await page({ selection })).letters.length, 1);
  assert.deepEqual((await ask('matching', { selection })).answer, { ids: [7] });
});

test('what the page may not ask is refused with the reason', async (t) => {
  const { ask } = await viewBed(t);
  for (const [path, body] of [
    ['letters', { selection: { ...EVERY, error: "' OR true --" } }],
    ['letters', { selection: { ...EVERY, since: 'yesterday' } }],
    ['try', { ids: Array.from({ length: 201 }, (_, id) => id) }],
    ['replay', { ids: [], force: false, acceptFuture: false }],
    ['payload', { id: '1 OR true' }],
    ['explain', { id: ' ', events: false, language: 'en' }],
    ['payload', { id: 1 }],
  ] as const) {
    const { status, answer } = await ask<{ error: string }>(path, body);
    assert.equal(status, 400, path);
    assert.notEqual(answer.error, '');
  }
});

test('a payload is opened after the audit log has it, with its faulty field marked; a sealed one needs its key', async (t) => {
  const { database, ask } = await viewBed(t);
  await ingest(rulesFor(database.pool, 'ledger'), [
    new Partition(2).event(entry('tx-1', { amount: { scale: 2, value: 'no amount <b>' } })),
  ]);
  const { status, answer } = await ask<MarkedPayload>('payload', { id: 1 });
  assert.equal(status, 200);
  assert.deepEqual(
    answer.pieces.filter(({ isMarked }) => isMarked).map(({ text }) => text),
    ['"amount":{"scale":2,"value":"no amount <b>"}'],
  );
  const audited = () => database.rows('SELECT actor, action, details::text FROM sync.audit_log ORDER BY 1');
  assert.deepEqual(
    (await audited()).map(({ actor, action, details }) => [actor, action, details]),
    [['jo', 'show', '{"dlq_id": 1}']],
  );
  await database.rows(
    `UPDATE bo.consumer_dlq_events SET payload = '\\x00424f5345414c31'::bytea || repeat('x', 64)::bytea`,
  );
  const sealed = await ask<{ error: string }>('payload', { id: 1 });
  assert.equal(sealed.status, 400);
  assert.match(sealed.answer.error, /^The payload is sealed: set KEY_VAULT_URL/);
  assert.equal((await audited()).length, 1, 'what was not seen is not noted');
});

test('a dry run says what would come of each, and writes nothing but the audit log', async (t) => {
  const { database, ask } = await viewBed(t);
  const partition = new Partition();
  await ingest(rulesFor(database.pool, 'ledger'), [
    partition.event(entry('tx-1', { amount: 'none' })),
    partition.event(entry('tx-2', { amount: 'none' })),
    partition.event('{'),
  ]);
  await database.rows(
    `UPDATE bo.consumer_dlq_events SET payload = convert_to(replace(convert_from(payload, 'UTF8'), '"none"', '"5"'), 'UTF8')
     WHERE dlq_id = 2`,
  );
  await database.rows(`UPDATE bo.consumer_dlq_events SET topic = 'another' WHERE dlq_id = 3`);
  const before = await database.rows('SELECT * FROM bo.consumer_dlq_events ORDER BY 1');
  const { answer } = await ask<{ tried: { id: number; outcome: { kind: string; error?: string } }[] }>(
    'try',
    { ids: [3, 2, 1] },
  );
  assert.deepEqual(
    answer.tried.map(({ id, outcome: { kind, error } }) => [id, kind, error]),
    [
      [1, 'refused', 'core_invalid'],
      [2, 'stored', undefined],
      [3, 'left alone', undefined],
    ],
  );
  assert.deepEqual(await database.rows('SELECT * FROM bo.consumer_dlq_events ORDER BY 1'), before);
  assert.deepEqual(await database.rows('SELECT action, details::text FROM sync.audit_log'), [
    { action: 'try replay', details: '{"dlq_ids": [3, 2, 1]}' },
  ]);
});

test('an id is explained as the command line explains it, each use audited', async (t) => {
  const { database, ask } = await viewBed(t);
  await ingest(rulesFor(database.pool, 'ledger'), [
    new Partition().event(entry('tx-1', { amount: '12000.00' })),
  ]);
  const { answer } = await ask<{ blocks: string[][] }>('explain', {
    id: ' tx-1 ',
    events: false,
    language: 'en',
  });
  assert.match(answer.blocks[0]![0]!, /^PAYMENT of 12000\.00/);
  assert.equal(answer.blocks[1]![0], 'Ledger entry');
  const nothing = await ask<object>('explain', { id: 'tx-2', events: false, language: 'en' });
  assert.deepEqual(nothing.answer, { blocks: [] });
  const noHubs = await ask<{ error: string }>('explain', { id: 'tx-1', events: true, language: 'en' });
  assert.match(noHubs.answer.error, /EventHubs/);
  const actions = await database.rows('SELECT action, details::text FROM sync.audit_log');
  assert.equal(actions.length, 2);
  assert.doesNotMatch(JSON.stringify(actions), /tx-/);
});
