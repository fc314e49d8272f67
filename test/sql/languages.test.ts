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
