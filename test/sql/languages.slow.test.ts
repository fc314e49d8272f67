import assert from 'node:assert/strict';
import { expect, it } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import { entry, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { testDatabase } from '../support/database.ts';
import { cli, loginWith } from '../support/operatorCommands.ts';

// Reports that go to other people, in their language; what programs read stays as it is.

it('gaps answers in Korean where --lang or LANG says so, in a table that fits, and JSON is in English', async (t) => {
  const database = await testDatabase(t);
  const DATABASE_URL = await loginWith(t, database, 'bo_operator');
  const none = await cli(['gaps', '--lang', 'ko'], { DATABASE_URL });
  assert.match(none.out, /^건너뛴 이벤트가 없습니다/);
  assert.equal(none.code, 0);

  const partition = new Partition(0);
  const [first, , third] = ['a', 'b', 'c'].map((id) => partition.event(entry(id)));
  await ingest(rulesFor(database.pool, 'ledger'), [first!, third!]);
  const found = await cli(['gaps'], { DATABASE_URL, LANG: 'ko_KR.UTF-8' });
  assert.equal(found.code, 1);
  assert.match(found.out, /토픽 .*파티션 .*첫 번호 .*마지막 번호/);
  const columns = (line: string) => line.length + (line.match(/[가-힣]/g)?.length ?? 0);
  const lines = found.out.trim().split('\n');
  assert.deepEqual([...new Set(lines.map(columns))].length, 1, found.out);
  assert.ok(columns(lines[0]!) <= 80);
  const json = await cli(['gaps', '--json', '--lang', 'ko'], { DATABASE_URL });
  expect(JSON.parse(json.out)).toMatchObject([{ topic: 'ledger.entry.upserted', from: 1, to: 1 }]);
});

it('doctor names parts, findings and what to do in Korean', async (t) => {
  const database = await testDatabase(t);
  const DATABASE_URL = await loginWith(t, database, 'bo_operator');
  const { out, code } = await cli(['doctor', '--lang', 'ko'], { DATABASE_URL });
  assert.equal(code, 1);
  assert.match(out, /^ok +데이터베이스 +연결됨, PostgreSQL 18.*, 쓰기 가능$/m);
  assert.match(out, /^WRONG +허브 +네임스페이스가 설정되어 있지 않습니다\. 할 일: /m);
  assert.match(out, /\n이상 \d+건\.\n$/);
  const words = out.split('\n').filter((line) => line !== '' && !/[가-힣]/.test(line));
  assert.deepEqual(words, []);
});

it('explain says what an entry, a payment and a dead letter are in Korean, in lines that fit; the audit log and JSON are in English', async (t) => {
  const database = await testDatabase(t);
  const DATABASE_URL = await loginWith(t, database, 'bo_operator');
  const partition = new Partition(0);
  await ingest(rulesFor(database.pool, 'ledger'), [
    partition.event(entry('tx-1', { related_id: 'o-1', updated_at: null, version: null })),
    partition.event(entry('tx-2', { amount: 'none' }), { key: 'tx-2' }),
  ]);
  const explain = (id: string, ...words: string[]) =>
    cli(['explain', id, '--lang', 'ko', ...words], { DATABASE_URL });
  const ofEntry = await explain('tx-1');
  assert.match(ofEntry.out, /^PAYMENT 100\.00, 지갑 wallet-of-tx-1\. 페어는 INCOMPLETE: RECEIVE이 아직 오지/);
  assert.match(ofEntry.out, /^원장 항목\n {2}tx_id/m);
  for (const line of ofEntry.out.split('\n')) {
    assert.ok(line.length + (line.match(/[가-힣]/g)?.length ?? 0) <= 80, line);
  }
  assert.match((await explain('o-1')).out, /^결제: 항목 1개, 주문이 오지 않음/);
  const [letter] = await database.rows('SELECT dlq_id FROM bo.consumer_dlq_events');
  assert.match((await explain(letter!['dlq_id']!)).out, /재처리하면 거부됩니다: core_invalid/);
  assert.match((await explain('nothing')).err, /이 ID를 가진 항목/);
  const json = JSON.parse((await explain('tx-1', '--json')).out);
  assert.deepEqual(json.is, ['a ledger entry']);
  assert.match(json.sentences[0], /its pair is INCOMPLETE/);
  const audited = await database.rows(
    `SELECT DISTINCT details->'found'->>0 AS found FROM sync.audit_log WHERE action = 'explain' ORDER BY 1`,
  );
  assert.deepEqual(
    audited.map(({ found }) => found),
    ['a dead letter', 'a ledger entry', 'a payment whose order has not come', null],
  );
});
