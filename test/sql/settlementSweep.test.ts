import assert from 'node:assert/strict';
import { test } from 'vitest';
import {
  compileRules,
  DEFAULT_SETTLEMENT_RULES,
  type SettlementRules,
  settlementRulesSchema,
  VIOLATIONS,
} from '../../shared/contracts/settlementRules.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { readViolations } from '../../shared/store/settlement/readViolations.ts';
import { sweepSettlements } from '../../shared/store/settlement/sweepSettlements.ts';
import { writeSettlementRules } from '../../shared/store/settlement/writeRules.ts';
import { withConnection } from '../../shared/store/withConnection.ts';
import { confirmation, order, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { SPECIFIED_RULES } from '../../tools/proof/settlement.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { e } from './settlementEvents.ts';

const feed = (database: TestDatabase, at: Partition, bodies: readonly object[]) =>
  ingest(
    rulesFor(database.pool, 'ledger'),
    bodies.map((body) => at.event(body)),
  );
const sweep = ({ pool }: TestDatabase) => sweepSettlements(pool, 10_000);
const violations = (database: TestDatabase) =>
  database.rows('SELECT payment_order_id AS id, kind FROM sync.settlement_violations ORDER BY 1, 2');
const write = (database: TestDatabase, rules: SettlementRules, onlyFirst = false) =>
  withConnection(database.pool, async (client) => {
    await client.query('BEGIN');
    const written = await writeSettlementRules(client, rules, { onlyFirst });
    await client.query('COMMIT');
    return written;
  });

test('the built-in rules are those of the specification, and in the database from the first migration on', async (t) => {
  const database = await testDatabase(t);
  assert.equal(await write(database, DEFAULT_SETTLEMENT_RULES), false, 'they are there');
  const { types, statuses } = compileRules(DEFAULT_SETTLEMENT_RULES);
  const stored = await database.rows('SELECT * FROM sync.settlement_types ORDER BY entry_type COLLATE "C"');
  assert.deepEqual(
    stored.map(({ entry_type, sign }) => [entry_type, sign]),
    types.map(({ entry_type, sign }) => [entry_type, sign === null ? null : String(sign)]),
  );
  assert.deepEqual(
    Object.fromEntries(types.filter(({ sign }) => sign !== null).map((type) => [type.entry_type, type.sign])),
    SPECIFIED_RULES.signs,
  );
  assert.deepEqual(
    types.filter(({ reverses }) => reverses).map(({ entry_type: type }) => type),
    [...SPECIFIED_RULES.reversing].sort(),
  );
  assert.deepEqual(
    Object.fromEntries(statuses.map(({ status, states }) => [status, states])),
    Object.fromEntries(
      Object.entries(SPECIFIED_RULES.allowed).map(([name, states]) => [name, [...states].sort()]),
    ),
  );
});

test('rules of a profile that contradict themselves are refused, each with its place', () => {
  const { flows } = DEFAULT_SETTLEMENT_RULES;
  const refused = (change: object) =>
    settlementRulesSchema
      .safeParse({ ...DEFAULT_SETTLEMENT_RULES, ...change })
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  assert.deepEqual(refused({ flows: { ...flows, fee: { ...flows.fee, out: ['PAYMENT'] } } }), [
    'flows.fee.out: PAYMENT is already in charge.out',
  ]);
  assert.deepEqual(refused({ flows: { ...flows, fee: { ...flows.fee, in: ['TIP'] } } }), [
    'flows.fee.in: TIP has no sign',
  ]);
  assert.deepEqual(refused({ reverses: ['HOLD'] }), [
    'reverses.0: HOLD has a sign: it is what it reverses that has one',
  ]);
  assert.equal(
    refused({ flows: { ...flows, charge: { ...flows.charge, gives_back: 'charge' } } })?.length,
    1,
  );
  assert.equal(refused({ allowed: { PAID: [] } })?.length, 1);
  assert.equal(refused({ signs: { payment: -1 } }) !== undefined, true);
  assert.equal(refused({}), undefined);
});

test('two apps of one profile agree; other rules are written once, and every payment is looked at again', async (t) => {
  const database = await testDatabase(t);
  await feed(database, new Partition(), [e('p', 'PAYMENT'), e('r', 'RECEIVE'), e('p2', 'PAYMENT')]);
  await sweep(database);
  assert.deepEqual(
    (await violations(database)).map(({ kind }) => kind),
    ['flow_ambiguous', 'flow_unbalanced'],
  );
  const { flows } = DEFAULT_SETTLEMENT_RULES;
  const many = {
    ...DEFAULT_SETTLEMENT_RULES,
    flows: { ...flows, charge: { ...flows.charge, matching: 'many' as const } },
  };
  assert.deepEqual(
    await Promise.all([write(database, many), write(database, many)]).then((all) => all.sort()),
    [false, true],
  );
  // Nothing was noted: a pass over all groups finds it.
  await sweep(database);
  assert.deepEqual(
    (await violations(database)).map(({ kind }) => kind),
    ['flow_unbalanced'],
  );
  assert.equal(await write(database, DEFAULT_SETTLEMENT_RULES, true), false, 'a migration leaves them');
});

test('a violation is counted once it is older than time may heal, from the batch that brought it, and goes when it is mended', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  await feed(database, partition, [e('p', 'PAYMENT')]);
  await sweep(database);
  assert.deepEqual(await violations(database), [{ id: 'o', kind: 'flow_unbalanced' }]);
  assert.deepEqual(await readViolations(database.pool), []);
  await database.pool.query(`UPDATE sync.settlement_violations SET since = since - interval '61 seconds'`);
  assert.deepEqual(await readViolations(database.pool), [{ kind: 'flow_unbalanced', payments: 1 }]);
  // What stays keeps its age.
  await feed(database, partition, [e('f', 'FEE_IN')]);
  await sweep(database);
  assert.deepEqual(await readViolations(database.pool), [{ kind: 'flow_unbalanced', payments: 1 }]);
  await feed(database, partition, [e('r', 'RECEIVE'), e('f2', 'FEE_OUT')]);
  await sweep(database);
  assert.deepEqual(await violations(database), []);
  assert.equal(await sweep(database), 0, 'nothing is left to do');
});

test('a large settlement is kept, and never read where something has changed', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const read = async () =>
    (await database.rows('SELECT charge_entries, refund_entries FROM bo.payment_settlements'))[0];
  await feed(
    database,
    partition,
    Array.from({ length: 600 }, (_, index) => e(`t${index}`, index % 2 ? 'PAYMENT' : 'RECEIVE')),
  );
  await sweep(database);
  // What the view takes where nothing has changed.
  await database.pool.query('UPDATE sync.large_settlements SET charge_entries = 12345');
  assert.equal((await read())!['charge_entries'], '12345');
  await feed(database, partition, [e('more', 'PAYMENT')]);
  assert.equal((await read())!['charge_entries'], '601');
  await sweep(database);
  await feed(database, partition, [e('back', 'REFUND_IN')]);
  assert.deepEqual(await read(), { charge_entries: '601', refund_entries: '1' });
  await sweep(database);
  assert.deepEqual(await read(), { charge_entries: '601', refund_entries: '1' });
});

test('the order of a large settlement without a pair changes it, before anybody has looked and after', async (t) => {
  const database = await testDatabase(t);
  const read = async () => (await database.rows('SELECT state, violations FROM bo.payment_settlements'))[0];
  const held = Array.from({ length: 600 }, (_, index) => e(`t${index}`, index % 2 ? 'HOLD' : 'RELEASE'));
  await feed(database, new Partition(), held);
  await sweep(database);
  assert.deepEqual(await read(), { state: 'PENDING', violations: '{}' });
  const orders = new Partition();
  for (const [version, status, state, listed] of [
    [1, 'CANCELLED', 'CANCELLED', 0],
    [2, 'PAID', 'PENDING', 1],
    [3, 'CREATED', 'PENDING', 0],
  ] as const) {
    await ingest(rulesFor(database.pool, 'payment_order'), [orders.event(order('o', { status, version }))]);
    for (const looked of [false, true]) {
      if (looked) await sweep(database);
      const found = await read();
      assert.equal(found!['state'], state);
      assert.equal(found!['violations'], listed === 1 ? '{status_disagrees}' : '{}');
    }
    assert.equal((await violations(database)).length, listed);
  }
});

test('notes that lead to no settlement do not keep those behind them from being looked at', async (t) => {
  const database = await testDatabase(t);
  await sweep(database);
  // More than one call takes: as batches of orders leave them whose statuses mean nothing to the rules.
  await database.pool.query(
    `INSERT INTO sync.settlement_changes (began_at, ended_at)
     SELECT at, at FROM generate_series(1, 120) n, LATERAL (SELECT now() - interval '1 hour' + n * interval '1 second' AS at) x`,
  );
  await feed(database, new Partition(), [e('p', 'PAYMENT')]);
  await sweep(database);
  assert.equal((await violations(database)).length, 1);
});

test('what happens in one group is noticed in another: a reversal from elsewhere, an entry that one waited for', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const kinds = async () => (await violations(database)).map(({ id, kind }) => `${id} ${kind}`);
  await feed(database, partition, [e('p', 'PAYMENT'), e('r', 'RECEIVE')]);
  await feed(database, partition, [e('w', 'REVERSAL', { reverses_tx_id: 'late', related_id: 'waiting' })]);
  await sweep(database);
  assert.deepEqual(await kinds(), ['waiting reversal_of_unknown']);
  await feed(database, partition, [e('x', 'REVERSAL', { reverses_tx_id: 'p', related_id: 'elsewhere' })]);
  await sweep(database);
  assert.deepEqual(await kinds(), ['o flow_unbalanced', 'waiting reversal_of_unknown']);
  await feed(database, partition, [e('late', 'BONUS', { related_id: null })]);
  await sweep(database);
  assert.deepEqual(await kinds(), ['o flow_unbalanced']);
});

test('a large settlement that is kept is not read where a group elsewhere has changed it', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const reversals = async () => {
    const [row] = await database.rows(
      `SELECT reversal_entries FROM bo.payment_settlements WHERE payment_order_id = 'o'`,
    );
    return row!['reversal_entries'];
  };
  await feed(database, partition, [
    ...Array.from({ length: 600 }, (_, index) => e(`t${index}`, index % 2 ? 'PAYMENT' : 'RECEIVE')),
    e('w', 'REVERSAL', { reverses_tx_id: 'late' }),
  ]);
  await sweep(database);
  await feed(database, partition, [e('x', 'REVERSAL', { reverses_tx_id: 't1', related_id: 'elsewhere' })]);
  assert.equal(await reversals(), '2');
  await sweep(database);
  await feed(database, partition, [e('late', 'BONUS', { related_id: null })]);
  assert.equal(await reversals(), '1');
});

test('after a long time without the timer, a pass over all groups finds what the notes would have told', async (t) => {
  const database = await testDatabase(t);
  await feed(database, new Partition(), [e('p', 'PAYMENT')]);
  await database.pool.query(
    `INSERT INTO sync.settlement_changes (began_at, ended_at) SELECT now(), now() FROM generate_series(1, 5001)`,
  );
  await sweep(database);
  assert.deepEqual(await violations(database), [{ id: 'o', kind: 'flow_unbalanced' }]);
  assert.deepEqual(await database.rows('SELECT FROM sync.settlement_changes'), []);
});

test('the Admin API may read settlements and nothing that they are made of; the derived sign is beside the given one', async (t) => {
  const database = await testDatabase(t);
  await feed(database, new Partition(), [
    e('p', 'PAYMENT', { amount_signed: '7' }),
    e('x', 'REVERSAL', { reverses_tx_id: 'p', amount: '30' }),
    e('h', 'HOLD'),
    e('b', 'BONUS'),
  ]);
  await ingest(rulesFor(database.pool, 'payment_order'), [new Partition().event(order('o'))]);
  await withConnection(database.pool, async (client) => {
    await client.query('SET ROLE bo_admin_read');
    const { rows } = await client.query('SELECT state, violations FROM bo.payment_settlements');
    assert.equal(rows.length, 1);
    for (const hidden of ['sync.settlements', 'sync.settlement_types', 'sync.settlement_changes']) {
      await assert.rejects(client.query(`SELECT * FROM ${hidden}`), { code: '42501' }, hidden);
    }
    await client.query('RESET ROLE');
  });
  assert.deepEqual(
    await database.rows(
      'SELECT tx_id, amount_signed, amount_signed_derived AS derived FROM bo.ledger_entries_signed ORDER BY tx_id',
    ),
    [
      { tx_id: 'b', amount_signed: null, derived: null },
      { tx_id: 'h', amount_signed: null, derived: '0' },
      { tx_id: 'p', amount_signed: '7', derived: '-100' },
      { tx_id: 'x', amount_signed: null, derived: '30' },
    ],
  );
});

test('every kind of violation has a case of its own', async () => {
  const { SETTLEMENT_CASES } = await import('./settlementCases.ts');
  const found = SETTLEMENT_CASES.flatMap(({ expected }) =>
    Object.values(expected).flatMap((row) => String(row?.['violations'] ?? '').match(/\w+/g) ?? []),
  );
  assert.deepEqual(
    VIOLATIONS.filter((kind) => !found.includes(kind)),
    [],
  );
});

test('a status that means nothing to the rules any more takes its violation along', async (t) => {
  const database = await testDatabase(t);
  const orders = new Partition();
  const say = (status: string, version: number) =>
    ingest(rulesFor(database.pool, 'payment_order'), [orders.event(order('o', { status, version }))]);
  await feed(database, new Partition(), [e('p', 'PAYMENT'), e('r', 'RECEIVE')]);
  await say('REFUNDED', 1);
  await sweep(database);
  assert.deepEqual(await violations(database), [{ id: 'o', kind: 'status_disagrees' }]);

  await say('CREATED', 2);
  await sweep(database);
  assert.deepEqual(await violations(database), []);
});

test('a pair that an order or a confirmation wrote again is found by their time: its entries are not forgotten', async (t) => {
  for (const later of ['payment_order', 'pair'] as const) {
    const database = await testDatabase(t);
    // The first pass over all groups would find it as well.
    await sweep(database);
    await feed(database, new Partition(), [e('p', 'PAYMENT')]);
    // No status that means anything to the rules, and a confirmation is no part of a settlement.
    const body =
      later === 'pair' ? confirmation('o', { payment_tx_id: 'p' }) : order('o', { status: 'CREATED' });
    await ingest(rulesFor(database.pool, later), [new Partition().event(body)]);
    await sweep(database);
    assert.deepEqual(await violations(database), [{ id: 'o', kind: 'flow_unbalanced' }], later);
  }
});
