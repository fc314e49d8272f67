import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { promisify } from 'node:util';
import { type TestContext, test } from 'vitest';
import type { LogicalTopic } from '../../shared/contracts/fields.ts';
import { parseProfile } from '../../shared/contracts/profile.ts';
import type { BrokerEvent } from '../../shared/ingest/brokerEvent.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { type IngestSettings, ingestRules } from '../../shared/ingest/rules.ts';
import { ACTIVATION_MS } from '../../shared/privacy/keyVaultKeys.ts';
import { HubReader } from '../../shared/replay/hubReader.ts';
import { replay } from '../../shared/replay/replay.ts';
import { parseReplayRequest } from '../../shared/replay/request.ts';
import { readPrivacy } from '../../shared/settings/privacySettings.ts';
import { backfill } from '../../tools/operator/backfill/backfill.ts';
import { beginBackfill } from '../../tools/operator/backfill/beginBackfill.ts';
import { CreatedRange } from '../../tools/operator/backfill/createdRange.ts';
import { DoneLines } from '../../tools/operator/backfill/doneLines.ts';
import { readDump } from '../../tools/operator/dump/readDump.ts';
import { newCounts, reconcile } from '../../tools/operator/reconcile/reconcile.ts';
import { TimeShifts } from '../../tools/operator/reconcile/timeShifts.ts';
import { CANONICAL_SETTINGS, order, Partition, START } from '../../tools/proof/exampleEvents.ts';
import { TestKeyVault } from '../../tools/proof/keyVault.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const execute = promisify(execFile);

/** The second key is active from the fourth event of a partition on. */
const ROTATED = new Date(START / 1000 + 3000 - ACTIVATION_MS);

async function privacyBed(t: TestContext) {
  const [database, vault] = await Promise.all([testDatabase(t), TestKeyVault.start()]);
  t.onTestFinished(() => vault.stop());
  Object.assign(process.env, vault.environment);
  const keys = [new Date(ROTATED.getTime() - 86_400_000), ROTATED].map((createdAt) =>
    Buffer.from(vault.add('user-id-key', { createdAt }).value, 'base64'),
  );
  vault.add('dead-letter-key', { createdAt: ROTATED });
  /** Settings as a process reads them at its start. */
  const settings = (mode: string): IngestSettings => ({
    ...CANONICAL_SETTINGS,
    privacy: readPrivacy({ ...vault.environment, USER_ID_MODE: mode }, assert.fail),
  });
  const token = (number: 1 | 2, id: string) =>
    `v${number}.${createHmac('sha256', keys[number - 1]!)
      .update(id)
      .digest('base64url')}`;
  return { database, vault, settings, token };
}

const rulesOf = (settings: IngestSettings, { pool }: TestDatabase, topic: LogicalTopic = 'payment_order') =>
  ingestRules(settings, pool, topic);

const ORDERS = 'SELECT order_id, user_id, status, source_sequence FROM bo.payment_orders ORDER BY order_id';

test('tokens are the same in every order, batching and repetition, before and after the key was changed', async (t) => {
  const { database, settings, token } = await privacyBed(t);
  const partition = new Partition();
  const events = [
    order('order-1', { user_id: 'user-1', status: 'NEW', version: 1 }),
    order('order-2', { user_id: 42, status: 'NEW', version: 1 }),
    order('order-1', { user_id: 'user-1', status: 'PAID', version: 2 }),
    // The second key.
    order('order-2', { user_id: 42, status: 'PAID', version: 2 }),
    order('order-3', { status: 'NEW' }),
    order('order-1', { user_id: 'user-1', status: 'NEW', version: 1 }),
  ].map((body) => partition.event(body));
  const expected = [
    { order_id: 'order-1', user_id: token(1, 'user-1'), status: 'PAID', source_sequence: '2' },
    { order_id: 'order-2', user_id: token(2, '42'), status: 'PAID', source_sequence: '3' },
    { order_id: 'order-3', user_id: null, status: 'NEW', source_sequence: '4' },
  ];
  const orders = [
    [0, 1, 2, 3, 4, 5],
    [5, 4, 3, 2, 1, 0],
    [3, 0, 5, 2, 4, 1],
    [2, 2, 5, 0, 3, 1, 3, 4],
  ];
  for (const [round, sequence] of orders.entries()) {
    await database.pool.query('DELETE FROM bo.payment_orders; DELETE FROM sync.partitions');
    for (let start = 0; start < sequence.length; start += round + 1) {
      const batch = sequence.slice(start, start + round + 1).map((index) => events[index]!);
      await ingest(rulesOf(settings('hmac'), database), batch);
    }
    assert.deepEqual(await database.rows(ORDERS), expected, `delivered as ${sequence}`);
  }
});

test('dropped user ids are in no column, and a dead letter is sealed until a replay opens it', async (t) => {
  const { database, settings } = await privacyBed(t);
  const partition = new Partition();
  const rejected = order('order-2', { user_id: 'canary-user', total: '5' }) as Record<string, unknown>;
  const { amount: _, ...withoutAmount } = rejected;
  const events = [
    partition.event(order('order-1', { user_id: 'canary-user' })),
    partition.event(withoutAmount),
    partition.event('{"user_id":"canary-user"'),
    // One that looks sealed, and is not.
    partition.event(Buffer.from(`\0BOSEAL1${'x'.repeat(64)}`, 'latin1')),
  ];
  const result = await ingest(rulesOf(settings('drop'), database), events);
  assert.deepEqual([result.outcomes.applied, result.outcomes.dead_lettered], [1, 3]);
  const tables = await database.rows(
    `SELECT o::text AS row FROM bo.payment_orders o UNION ALL
     SELECT d::text || encode(d.payload, 'escape') FROM bo.consumer_dlq_events d`,
  );
  assert.equal(tables.length, 4);
  assert.doesNotMatch(JSON.stringify(tables), /canary/);

  // The amount goes by another name in the mended profile.
  const { profile } = CANONICAL_SETTINGS;
  const topic = profile.topics.payment_order;
  const mended = parseProfile(
    {
      ...profile,
      id: 'mended-v1',
      topics: {
        ...profile.topics,
        payment_order: { ...topic, aliases: { ...topic.aliases, amount: ['total'] } },
      },
    },
    'mended-v1',
  );
  const request = parseReplayRequest({ select: {}, requested_by: 'jo' });
  const context = {
    settings: { ...settings('drop'), profile: mended },
    database: database.pool,
    requestId: 'one',
    hub: new HubReader(() => Promise.reject(new Error('no hub'))),
    timeIsOver: () => false,
  };
  assert.equal(await replay(context, request), true);
  assert.deepEqual(
    await database.rows('SELECT order_id, user_id, amount FROM bo.payment_orders ORDER BY 1'),
    [
      { order_id: 'order-1', user_id: null, amount: '100.00' },
      { order_id: 'order-2', user_id: null, amount: '5' },
    ],
  );
  const letters = await database.rows(
    'SELECT error, resolved_at IS NOT NULL AS resolved FROM bo.consumer_dlq_events ORDER BY sequence_number',
  );
  assert.deepEqual(letters, [
    { error: 'core_missing', resolved: 't' },
    { error: 'not_json', resolved: 'f' },
    { error: 'not_json', resolved: 'f' },
  ]);
});

test('a dead letter whose key is not at hand is left alone: it keeps its reason and its attempts', async (t) => {
  const { database, vault, settings } = await privacyBed(t);
  await ingest(rulesOf(settings('hmac'), database), [
    new Partition().event(order('order-1', { amount: null })),
  ]);
  const replayed = async (requestId: string, privacy: IngestSettings['privacy']) => {
    const context = {
      settings: { ...CANONICAL_SETTINGS, privacy },
      database: database.pool,
      requestId,
      hub: new HubReader(() => Promise.reject(new Error('no hub'))),
      timeIsOver: () => false,
    };
    assert.equal(await replay(context, parseReplayRequest({ select: {}, requested_by: 'jo' })), true);
    return database.rows(
      `SELECT r.exhausted, r.rejected, d.error, d.replay_count
       FROM sync.replay_requests r, bo.consumer_dlq_events d WHERE r.request_id = '${requestId}'`,
    );
  };
  const untouched = { exhausted: '1', rejected: '0', error: 'core_missing', replay_count: '0' };
  assert.deepEqual(await replayed('without', readPrivacy({}, assert.fail)), [untouched]);
  // As before a rotation is known to this process, or after the version was disabled.
  for (const version of vault.versions('dead-letter-key')) version.enabled = false;
  vault.add('dead-letter-key', { createdAt: new Date() });
  assert.deepEqual(await replayed('disabled', settings('hmac').privacy), [untouched]);
  for (const version of vault.versions('dead-letter-key')) version.enabled = true;
  assert.deepEqual(await replayed('enabled', settings('hmac').privacy), [
    { exhausted: '0', rejected: '1', error: 'core_missing', replay_count: '1' },
  ]);
});

test('a user is found under every key that was ever used: user-token, and a line of the audit log without the id', async (t) => {
  const { database, vault, settings, token } = await privacyBed(t);
  const partition = new Partition();
  const events = [0, 1, 2, 3].map((n) => partition.event(order(`order-${n}`, { user_id: 'user-1' })));
  await ingest(rulesOf(settings('hmac'), database), events);
  const ask = execute(process.execPath, ['tools/operator/main.ts', 'user-token', '--as', 'jo'], {
    env: { ...process.env, ...vault.environment, DATABASE_URL: database.url },
  });
  ask.child.stdin!.end(' user-1\n');
  const tokens = (await ask).stdout.trim().split('\n');
  assert.deepEqual(tokens, [token(1, 'user-1'), token(2, 'user-1')]);
  const stored = await database.rows('SELECT DISTINCT user_id FROM bo.payment_orders ORDER BY 1');
  assert.deepEqual(
    stored.map((row) => row['user_id']),
    tokens,
  );
  assert.deepEqual(await database.rows('SELECT actor, action, details, result FROM sync.audit_log'), [
    { actor: 'jo', action: 'user-token', details: '{}', result: '{"keys": 2}' },
  ]);
});

test('without a key the batch waits: nothing is written, and nothing is dead-lettered', async (t) => {
  const { database, vault, settings, token } = await privacyBed(t);
  const event: BrokerEvent = new Partition().event(order('order-1', { user_id: 'user-1' }));
  const rules = rulesOf(settings('hmac'), database);
  vault.away = true;
  await assert.rejects(ingest(rules, [event]), /could not be read from Key Vault/);
  assert.deepEqual(await database.rows('SELECT 1 FROM sync.partitions'), []);
  assert.deepEqual(await database.rows('SELECT 1 FROM bo.consumer_dlq_events'), []);
  vault.away = false;
  await ingest(rules, [event]);
  assert.equal((await database.rows(ORDERS))[0]?.['user_id'], token(1, 'user-1'));
});

test('a dump under tokens: it loads, compares by user id whatever the key, and mends what was stored plain', async (t) => {
  const { database, settings, token } = await privacyBed(t);
  const partition = new Partition();
  const bodies = ['order-1', 'order-2', 'order-3'].map((id) => order(id, { user_id: `user of ${id}` }));
  // As an app without tokens has stored them.
  await ingest(rulesOf(CANONICAL_SETTINGS, database), [partition.event(bodies[0]!)]);
  await ingest(rulesOf(settings('hmac'), database), [partition.event(bodies[1]!)]);

  const { contract: ofTopic, privacy } = rulesOf(settings('hmac'), database);
  const contract = { ...ofTopic, logicalTopic: 'payment_order' as const };
  const window = {
    ...{ asOf: START + 3_600_000_000, maxClockSkew: 300_000_000 },
    ...{ since: null, until: null, by: 'business_time' as const },
  };
  const plan = {
    contract,
    privacy,
    window,
    database: database.pool,
    backfillId: 'dump',
    created: new CreatedRange(),
    stopped: new AbortController().signal,
    reject: () => assert.fail('a line is rejected'),
    progress: () => {},
  };
  const dump = () => readDump(chunks(bodies), { checkColumns: () => {} });
  const found: unknown[] = [];
  const compare = async (repair: boolean) => {
    const counts = newCounts();
    const report = (difference: unknown) => found.push(difference);
    const shifts = new TimeShifts('payment_order' as const);
    const how = { backfillId: 'reconcile', repair, timesAreRight: false, shifts, report };
    await reconcile({ ...plan, ...how }, dump(), counts);
    return counts;
  };
  const before = await compare(false);
  assert.deepEqual([before.same, before.different_at_same_version, before.missing], [1, 1, 1]);
  const repaired = await compare(true);
  assert.equal(repaired.repaired, 2);
  // A repair stores what a load of the same dump does: the token is that of the dump's time, not of the row before.
  bodies[1] = order('order-2', {
    user_id: 'user of order-2',
    status: 'PAID',
    updated_at: '2026-11-22T12:00:00Z',
  });
  const newer = await compare(true);
  assert.deepEqual([newer.older_here, newer.repaired], [1, 1]);
  const after = await compare(false);
  assert.deepEqual([after.same, after.different_at_same_version, after.missing], [3, 0, 0]);
  const stored = (await database.rows(ORDERS)).map((row) => row['user_id']);
  assert.deepEqual(stored, [
    token(2, 'user of order-1'),
    token(2, 'user of order-2'),
    token(2, 'user of order-3'),
  ]);

  await database.pool.query('DELETE FROM bo.payment_orders');
  const begun = { backfillId: 'dump', topic: contract.topic, asOf: window.asOf, requestedBy: 'jo' };
  await beginBackfill(database.pool, begun);
  const load = {
    ...plan,
    done: new DoneLines([]),
    tellAgain: false,
    connections: 1,
    repeated: () => {},
  };
  assert.ok(await backfill(load, dump()));
  assert.deepEqual(
    (await database.rows(ORDERS)).map((row) => row['user_id']),
    [1, 2, 3].map((number) => token(2, `user of order-${number}`)),
  );
});

async function* chunks(bodies: readonly object[]): AsyncGenerator<Buffer> {
  yield Buffer.from(bodies.map((body) => `${JSON.stringify(body)}\n`).join(''));
}
