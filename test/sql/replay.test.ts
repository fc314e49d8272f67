import assert from 'node:assert/strict';
import { test } from 'vitest';
import { parseProfile } from '../../shared/contracts/profile.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { ingestRules } from '../../shared/ingest/rules.ts';
import { HubReader } from '../../shared/replay/hubReader.ts';
import { replay } from '../../shared/replay/replay.ts';
import { InvalidReplayRequest, parseReplayRequest } from '../../shared/replay/request.ts';
import { readReplay } from '../../shared/store/replay/readReplay.ts';
import { CANONICAL_SETTINGS, entry, Partition } from '../../tools/proof/exampleEvents.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const settings = CANONICAL_SETTINGS;
const { profile, topics } = settings;
const hub = new HubReader(() => Promise.reject(new Error('These tests have no hub.')));

let requests = 0;

/** Runs a request to its end; returns its counts. */
async function run(database: TestDatabase, message: object, change: Partial<typeof settings> = {}) {
  const request = parseReplayRequest({ requested_by: 'jo@example.com', ...message });
  const requestId = request.request_id ?? `request-${++requests}`;
  const context = {
    settings: { ...settings, ...change },
    database: database.pool,
    hub,
    requestId,
    timeIsOver: () => false,
  };
  assert.equal(await replay(context, request), true);
  const { status, idle_ms: _idle, ...counts } = (await readReplay(database.pool, requestId))!;
  assert.equal(status, 'done');
  return counts;
}

const counts = (change: object) => ({
  examined: 0,
  resolved: 0,
  rejected: 0,
  exhausted: 0,
  lost: 0,
  ...change,
});

/** Events whose amount goes by a name that only the mended profile knows. */
const renamed = (txId: string, change: object = {}) => {
  const { amount, ...rest } = entry(txId, change) as Record<string, unknown>;
  return { ...rest, value: amount };
};
const mended = parseProfile(
  {
    ...profile,
    id: 'mended-v1',
    topics: {
      ...profile.topics,
      ledger: {
        ...profile.topics.ledger,
        aliases: { ...profile.topics.ledger.aliases, amount: ['value'] },
      },
    },
  },
  'mended-v1',
);

test('a mended profile: a replay resolves exactly what it caused, and overtakes nothing that came since', async (t) => {
  const database = await testDatabase(t);
  const rules = ingestRules(settings, database.pool, 'ledger');
  const partition = new Partition();
  const events = Array.from({ length: 1000 }, (_, index) =>
    partition.event(
      renamed(`tx-${index}`, { related_id: null, amount: 5, updated_at: '2026-11-22T11:00:00Z' }),
    ),
  );
  for (let start = 0; start < 1000; start += 100) await ingest(rules, events.slice(start, start + 100));
  assert.equal((await database.rows('SELECT count(*) FROM bo.consumer_dlq_events'))[0]?.['count'], '1000');
  // Meanwhile ten of them have a newer state, and one message is malformed for good.
  const newer = Array.from({ length: 10 }, (_, index) =>
    partition.event(
      entry(`tx-${index}`, { related_id: null, amount: 7, updated_at: '2026-11-22T11:30:00Z' }),
    ),
  );
  await ingest(rules, [...newer, partition.event('{"tx_id": ')]);

  assert.deepEqual(
    await run(database, { select: {}, dry_run: true }, { profile: mended }),
    counts({ examined: 1001, resolved: 1000, rejected: 1 }),
  );
  assert.equal(
    (await database.rows('SELECT max(replay_count) FROM bo.consumer_dlq_events'))[0]?.['max'],
    '0',
  );
  assert.deepEqual(await database.rows('SELECT count(*) FROM bo.ledger_entries'), [{ count: '10' }]);

  const select = { topic: topics.ledger, error: 'core_missing' };
  assert.deepEqual(
    await run(database, { select }, { profile: mended }),
    counts({ examined: 1000, resolved: 1000 }),
  );
  assert.deepEqual(
    await database.rows(
      `SELECT amount, count(*), min(source_sequence) AS first, max(source_sequence) AS last
       FROM bo.ledger_entries GROUP BY amount ORDER BY amount`,
    ),
    [
      { amount: '5', count: '990', first: '10', last: '999' },
      { amount: '7', count: '10', first: '1000', last: '1009' },
    ],
  );
  assert.deepEqual(
    await database.rows(
      'SELECT error, resolution, count(*), max(replay_count) AS most FROM bo.consumer_dlq_events GROUP BY 1, 2 ORDER BY 1',
    ),
    [
      { error: 'core_missing', resolution: 'replayed', count: '1000', most: '1' },
      { error: 'not_json', resolution: null, count: '1', most: '0' },
    ],
  );
  assert.deepEqual(await run(database, { select }, { profile: mended }), counts({}));
  assert.deepEqual(await database.rows('SELECT * FROM sync.sequence_gaps'), []);
  assert.deepEqual(
    await database.rows(
      `SELECT actor, action, details #>> '{request,select,error}' AS error, result ->> 'resolved' AS resolved
       FROM sync.audit_log ORDER BY audit_id`,
    ),
    [
      { actor: 'jo@example.com', action: 'replay', error: null, resolved: '1000' },
      { actor: 'jo@example.com', action: 'replay', error: 'core_missing', resolved: '1000' },
      { actor: 'jo@example.com', action: 'replay', error: 'core_missing', resolved: '0' },
    ],
  );
});

test('selection by ids, by time and up to a limit, the oldest first', async (t) => {
  const database = await testDatabase(t);
  const rules = ingestRules(settings, database.pool, 'ledger');
  const partition = new Partition();
  await ingest(
    rules,
    Array.from({ length: 6 }, (_, index) => partition.event(renamed(`tx-${index}`))),
  );
  await database.pool.query(
    `UPDATE bo.consumer_dlq_events SET ingested_at = '2026-11-22T10:00:00Z'::timestamptz + sequence_number * '1 hour'::interval`,
  );
  const stored = async () =>
    (await database.rows('SELECT tx_id FROM bo.ledger_entries ORDER BY tx_id')).map((row) => row['tx_id']);
  const withProfile = { profile: mended };
  await run(
    database,
    { select: { since: '2026-11-22T11:00:00Z', until: '2026-11-22T13:00:00Z' } },
    withProfile,
  );
  assert.deepEqual(await stored(), ['tx-1', 'tx-2']);
  await run(database, { select: { limit: 2 } }, withProfile);
  assert.deepEqual(await stored(), ['tx-0', 'tx-1', 'tx-2', 'tx-3']);
  const [last] = await database.rows('SELECT max(dlq_id) AS id FROM bo.consumer_dlq_events');
  const ids = [Number(last?.['id']), 999_999];
  assert.deepEqual(
    await run(database, { select: { dlq_ids: ids } }, withProfile),
    counts({ examined: 1, resolved: 1 }),
  );
  assert.deepEqual(await stored(), ['tx-0', 'tx-1', 'tx-2', 'tx-3', 'tx-5']);
});

test('after five attempts a dead letter is left alone, unless it is forced; its reason is that of the last attempt', async (t) => {
  const database = await testDatabase(t);
  await ingest(ingestRules(settings, database.pool, 'ledger'), [new Partition().event(renamed('tx-1'))]);
  const other = parseProfile(
    {
      ...mended,
      topics: {
        ...mended.topics,
        ledger: {
          ...mended.topics.ledger,
          core: [...mended.topics.ledger.core, 'related_type', 'amount_signed'],
        },
      },
    },
    'other',
  );
  for (let attempt = 1; attempt <= 5; attempt++) {
    assert.deepEqual(
      await run(database, { select: {} }, { profile: other }),
      counts({ examined: 1, rejected: 1 }),
    );
  }
  assert.deepEqual(
    await database.rows('SELECT replay_count, error, profile_id, error_detail FROM bo.consumer_dlq_events'),
    [
      {
        replay_count: '5',
        error: 'core_missing',
        profile_id: 'mended-v1',
        error_detail: 'amount_signed: missing, null or blank',
      },
    ],
  );
  assert.deepEqual(
    await run(database, { select: {} }, { profile: mended }),
    counts({ examined: 1, exhausted: 1 }),
  );
  assert.deepEqual(
    await run(database, { select: {}, force: true }, { profile: mended }),
    counts({ examined: 1, resolved: 1 }),
  );
});

test('accept_future lets an updated_at in the future through, which the audit log shows', async (t) => {
  const database = await testDatabase(t);
  const event = new Partition().event(entry('tx-1', { updated_at: '2026-11-22T18:00:00Z' }));
  await ingest(ingestRules(settings, database.pool, 'ledger'), [event]);
  assert.deepEqual(await run(database, { select: {} }), counts({ examined: 1, rejected: 1 }));
  assert.deepEqual(
    await run(database, { select: {}, accept_future: true }),
    counts({ examined: 1, resolved: 1 }),
  );
  const audited = await database.rows(
    `SELECT details #>> '{request,accept_future}' AS future FROM sync.audit_log ORDER BY audit_id`,
  );
  assert.deepEqual(audited, [{ future: 'false' }, { future: 'true' }]);
});

test('two replays at once, and one that is delivered again, resolve each dead letter once', async (t) => {
  const database = await testDatabase(t);
  const rules = ingestRules(settings, database.pool, 'ledger');
  const partitions = [0, 1, 2].map((number) => new Partition(number));
  for (const partition of partitions) {
    const events = Array.from({ length: 700 }, (_, index) =>
      partition.event(renamed(`tx-${index % 400}`, { related_id: `o-${index % 300}`, amount: index })),
    );
    await ingest(rules, events);
  }
  const results = await Promise.all([
    run(database, { select: {} }, { profile: mended }),
    run(database, { select: { topic: topics.ledger } }, { profile: mended }),
  ]);
  const resolved = results.map((result) => result.resolved);
  assert.equal(resolved[0]! + resolved[1]!, 2100);
  const again = { select: { limit: 5 }, request_id: 'again' };
  assert.deepEqual(await run(database, again), await run(database, again));
  await assert.rejects(run(database, { select: {}, request_id: 'again' }), InvalidReplayRequest);
  assert.deepEqual(await database.rows('SELECT * FROM sync.sequence_gaps'), []);
  assert.deepEqual(
    await database.rows(
      'SELECT sum(dead_lettered) AS once, sum(applied + stale + duplicate + conflict) AS others FROM sync.hourly_counters',
    ),
    [{ once: '2100', others: '0' }],
  );
});

test('a run whose time is over goes on where it stopped, under its id', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  await ingest(
    ingestRules(settings, database.pool, 'ledger'),
    Array.from({ length: 1200 }, (_, index) => partition.event(renamed(`tx-${index}`))),
  );
  const request = parseReplayRequest({ select: {}, requested_by: 'jo' });
  let runs = 0;
  for (let done = false; !done; runs++) {
    let pages = 0;
    done = await replay(
      {
        settings: { ...settings, profile: mended },
        database: database.pool,
        hub,
        requestId: 'long',
        timeIsOver: () => pages++ > 0,
      },
      request,
    );
  }
  assert.equal(runs, 4);
  const { status, idle_ms: _idle, ...found } = (await readReplay(database.pool, 'long'))!;
  assert.deepEqual([status, found], ['done', counts({ examined: 1200, resolved: 1200 })]);
});

test('dead letters of two hubs of one name are counted in the epoch of each', async (t) => {
  const database = await testDatabase(t);
  const rules = ingestRules(settings, database.pool, 'ledger');
  const old = new Partition();
  await ingest(rules, [old.event(entry('a')), old.event(renamed('b')), old.event(entry('c'))]);
  // The hub is made anew: its numbers begin again, a day later.
  const day = 86_400_000_000;
  const fresh = new Partition();
  const after = (body: object) => {
    const event = fresh.event(body);
    return { ...event, enqueuedAt: event.enqueuedAt + day };
  };
  await ingest(rules, [after(entry('d')), after(renamed('e'))]);
  assert.deepEqual(
    await run(database, { select: {} }, { profile: mended }),
    counts({ examined: 2, resolved: 2 }),
  );
  assert.deepEqual(
    await database.rows(
      `SELECT epoch, seen FROM sync.partitions UNION ALL SELECT epoch, seen FROM sync.closed_epochs ORDER BY 1`,
    ),
    [
      { epoch: '0', seen: '{[0,3)}' },
      { epoch: '1', seen: '{[0,2)}' },
    ],
  );
});

test('a request that is not valid says so, with every problem and no value', () => {
  const problems = (message: unknown) => {
    try {
      parseReplayRequest(message);
    } catch (error) {
      assert.ok(error instanceof InvalidReplayRequest);
      return error.message;
    }
    return '';
  };
  assert.match(problems('secret text'), /message: /);
  assert.match(problems({}), /requested_by: /);
  assert.match(problems({ select: { dlq_ids: [] }, requested_by: 'jo' }), /select\.dlq_ids: /);
  assert.match(
    problems({ select: { gap: { topic: 't', partition: 0, from: 5, to: 4 } }, requested_by: 'jo' }),
    /select\.gap\.to: must not be below from/,
  );
  assert.match(
    problems({ select: { since: 'yesterday' }, requested_by: 'jo' }),
    /select\.since: must be a time/,
  );
  assert.match(problems({ select: {}, requested_by: 'jo', dryrun: true }), /dryrun/);
  for (const message of ['secret text', { select: { topic: 1 }, requested_by: 'secret text', x: 1 }]) {
    assert.doesNotMatch(problems(message), /secret/);
  }
});
