import assert from 'node:assert/strict';
import { test } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import { entry, Partition, rulesFor, START } from '../../tools/proof/exampleEvents.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const ledgerOf = (database: TestDatabase) =>
  database.rows('SELECT partition, epoch, seen FROM sync.partitions ORDER BY partition');
const gapsOf = (database: TestDatabase) =>
  database.rows(
    'SELECT partition, epoch, first_number, last_number FROM sync.sequence_gaps ORDER BY 1, 2, 3',
  );

test('processed numbers are kept by partition, and holes between them are gaps until they are filled', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  const partition = new Partition(0, 100);
  const events = Array.from({ length: 10 }, (_, index) => partition.event(entry(`x${index}`)));
  await ingest(rules, events.slice(0, 3));
  await ingest(rules, events.slice(5, 6));
  await ingest(rules, events.slice(8));
  await ingest(rules, [new Partition(2).event(entry('y'))]);
  assert.deepEqual(await ledgerOf(database), [
    { partition: '0', epoch: '0', seen: '{[100,103),[105,106),[108,110)}' },
    { partition: '2', epoch: '0', seen: '{[0,1)}' },
  ]);
  assert.deepEqual(await gapsOf(database), [
    { partition: '0', epoch: '0', first_number: '103', last_number: '104' },
    { partition: '0', epoch: '0', first_number: '106', last_number: '107' },
  ]);
  const repaired = await ingest(rules, [...events.slice(3, 5), ...events.slice(6, 8)]);
  assert.equal(repaired.redelivered, 0);
  assert.deepEqual(await gapsOf(database), []);
});

test('a number counts once, with its first outcome, also where one batch holds it twice', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  const partition = new Partition();
  const [a, b, c] = ['a', 'b', 'c'].map((id) => partition.event(entry(id)));
  const first = await ingest(rules, [a!, b!, a!]);
  assert.equal(first.received, 3);
  assert.deepEqual([first.outcomes.applied, first.outcomes.duplicate, first.redelivered], [2, 1, 1]);
  const second = await ingest(rules, [b!, c!]);
  assert.deepEqual([second.outcomes.applied, second.outcomes.duplicate, second.redelivered], [1, 1, 1]);
  const [counted] = await database.rows('SELECT applied, duplicate, redelivered FROM sync.hourly_counters');
  assert.deepEqual(counted, { applied: '3', duplicate: '0', redelivered: '2' });
});

test('a hub that was recreated begins a new epoch: nothing is taken for a repeat, no dead letter is swallowed', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  const old = new Partition();
  const before = [old.event(entry('a')), old.event('malformed'), old.event(entry('b'))];
  await ingest(rules, before);

  // Numbers from 0 again, an hour later.
  const later = { enqueuedAt: START + 3_600_000_000 };
  const renewed = new Partition();
  const after = [renewed.event(entry('c'), later), renewed.event('malformed too', later)];
  const result = await ingest(rules, after);
  assert.deepEqual(result.epochsStarted, [1]);
  assert.equal(result.redelivered, 0);
  assert.deepEqual(await ledgerOf(database), [{ partition: '0', epoch: '1', seen: '{[0,2)}' }]);
  const [letters] = await database.rows('SELECT count(*) FROM bo.consumer_dlq_events');
  assert.equal(letters!['count'], '2');

  // A late delivery from the old hub belongs to the old epoch, and starts no third one.
  const late = await ingest(rules, before);
  assert.deepEqual([late.redelivered, late.epochsStarted], [3, []]);
  const again = await ingest(rules, after);
  assert.deepEqual([again.redelivered, again.epochsStarted], [2, []]);
  assert.deepEqual(await database.rows('SELECT epoch, seen FROM sync.closed_epochs'), [
    { epoch: '0', seen: '{[0,3)}' },
  ]);
});

test('one batch with the end of a hub and the start of its successor is counted in both epochs', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  const old = new Partition(0, 7);
  const renewed = new Partition();
  const later = { enqueuedAt: START + 3_600_000_000 };
  const result = await ingest(rules, [
    old.event(entry('a')),
    old.event(entry('b')),
    renewed.event(entry('c'), later),
    renewed.event(entry('d'), { enqueuedAt: later.enqueuedAt + 1 }),
  ]);
  assert.deepEqual([result.outcomes.applied, result.epochsStarted], [4, [1]]);
  assert.deepEqual(await ledgerOf(database), [{ partition: '0', epoch: '1', seen: '{[0,2)}' }]);
});

test('a batch with the end of a hub and the start of its successor, delivered again, counts as redelivered and starts nothing', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  const old = new Partition(0, 7);
  const renewed = new Partition();
  const later = START + 3_600_000_000;
  const batch = [
    old.event(entry('a')),
    old.event('malformed'),
    renewed.event('malformed', { enqueuedAt: later }),
    renewed.event(entry('d'), { enqueuedAt: later + 1 }),
  ];
  await ingest(rules, batch);
  const again = await ingest(rules, batch);
  assert.deepEqual([again.redelivered, again.epochsStarted], [4, []]);
  const [letters] = await database.rows('SELECT count(*) FROM bo.consumer_dlq_events');
  assert.equal(letters!['count'], '2');
  const [counted] = await database.rows(
    'SELECT sum(applied) AS applied, sum(dead_lettered) AS letters FROM sync.hourly_counters',
  );
  assert.deepEqual(counted, { applied: '2', letters: '2' });
});

test('a hub that is recreated twice: late deliveries from each of its lives count there', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  const lives = [0, 1, 2].map((life) => {
    const partition = new Partition();
    return [0, 1, 2, 3].map((number) =>
      partition.event(number === 1 ? 'malformed' : entry(`${life}-${number}`), {
        enqueuedAt: START + life * 3_600_000_000 + number * 1_000_000,
      }),
    );
  });
  const started: number[] = [];
  for (const events of lives) started.push(...(await ingest(rules, events.slice(0, 3))).epochsStarted);
  assert.deepEqual(started, [1, 2]);
  for (const events of lives) {
    const { redelivered, epochsStarted } = await ingest(rules, events.slice(0, 3));
    assert.deepEqual([redelivered, epochsStarted], [3, []]);
  }
  // The last event of each life, oldest life last.
  for (const events of lives.toReversed()) {
    const { redelivered, epochsStarted } = await ingest(rules, events.slice(3));
    assert.deepEqual([redelivered, epochsStarted], [0, []]);
  }
  assert.deepEqual(await ledgerOf(database), [{ partition: '0', epoch: '2', seen: '{[0,4)}' }]);
  assert.deepEqual(await database.rows('SELECT epoch, seen FROM sync.closed_epochs ORDER BY epoch'), [
    { epoch: '0', seen: '{[0,4)}' },
    { epoch: '1', seen: '{[0,4)}' },
  ]);
  const [letters] = await database.rows('SELECT count(*) FROM bo.consumer_dlq_events');
  assert.equal(letters!['count'], '3');
  const [counted] = await database.rows(
    'SELECT sum(applied) AS applied, sum(dead_lettered) AS letters FROM sync.hourly_counters',
  );
  assert.deepEqual(counted, { applied: '9', letters: '3' });
});

test('a repair that arrives after newer events starts no epoch', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  const partition = new Partition();
  const events = [1, 2, 3, 4].map((number) => partition.event(entry(`x${number}`)));
  await ingest(rules, [events[3]!]);
  const repair = await ingest(rules, events.slice(0, 3));
  assert.deepEqual(repair.epochsStarted, []);
  assert.deepEqual(await ledgerOf(database), [{ partition: '0', epoch: '0', seen: '{[0,4)}' }]);
});

test('events of the old hub that land after the new one began belong to the old epoch', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  const old = new Partition();
  const before = [1, 2, 3].map((number) => old.event(entry(`a${number}`)));
  const waiting = [4, 5].map((number) => old.event(entry(`a${number}`)));
  await ingest(rules, before);
  const renewed = new Partition();
  const later = (number: number) => ({ enqueuedAt: START + 3_600_000_000 + number });
  const after = [0, 1, 2].map((number) => renewed.event(entry(`b${number}`), later(number)));
  // The new hub's second event comes first, so that its first one is older than the epoch.
  assert.deepEqual((await ingest(rules, after.slice(1, 2))).epochsStarted, [1]);
  for (const batch of [waiting, after.slice(0, 1), waiting, after.slice(2)]) {
    assert.deepEqual((await ingest(rules, batch)).epochsStarted, []);
  }
  assert.deepEqual(await ledgerOf(database), [{ partition: '0', epoch: '1', seen: '{[0,3)}' }]);
  assert.deepEqual(await database.rows('SELECT epoch, seen FROM sync.closed_epochs'), [
    { epoch: '0', seen: '{[0,5)}' },
  ]);
  assert.deepEqual(await gapsOf(database), []);
});

test('a hole that is filled by an event with a later time starts no epoch: broker clocks step back', async (t) => {
  const database = await testDatabase(t);
  const rules = rulesFor(database.pool, 'ledger');
  const partition = new Partition();
  const [a, hole, c] = [1, 2, 3].map((number) => partition.event(entry(`x${number}`)));
  await ingest(rules, [a!, c!]);
  const filled = await ingest(rules, [{ ...hole!, enqueuedAt: c!.enqueuedAt + 100_000 }]);
  assert.deepEqual(filled.epochsStarted, []);
  assert.deepEqual(await ledgerOf(database), [{ partition: '0', epoch: '0', seen: '{[0,3)}' }]);
});

test('watermarks never take a time later than the enqueue time', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const ahead = { event_time: '2099-01-01T00:00:00Z', occurred_at: '2099-01-01T00:00:00Z' };
  await ingest(rulesFor(database.pool, 'ledger'), [
    partition.event(entry('a', { occurred_at: '2026-11-22T11:30:00Z' })),
    partition.event(entry('b', ahead)),
  ]);
  const [marks] = await database.rows('SELECT event_watermark, publish_watermark FROM sync.partitions');
  assert.deepEqual(marks, {
    event_watermark: '2026-11-22 12:00:01+00',
    publish_watermark: '2026-11-22 12:00:01+00',
  });
});
