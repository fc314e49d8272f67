import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { ingest } from '../../shared/ingest/ingest.ts';
import { Refusals } from '../../shared/ingest/refusals.ts';
import { DatabaseRefusesRows } from '../../shared/store/databaseRefusesRows.ts';
import { RefusedNoMore } from '../../shared/store/findRefused.ts';
import { entry, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

// What the database refuses although the contract lets it pass (SPEC 4): a single guilty row, a database that somebody has
// changed, and rows that are refused only together.

const rulesOf = (database: TestDatabase) => ({
  ...rulesFor(database.pool, 'ledger'),
  refusals: new Refusals(),
});

const state = async (database: TestDatabase) => {
  const [row] = await database.rows(
    `SELECT (SELECT count(*) FROM bo.ledger_entries) AS rows, (SELECT count(*) FROM bo.consumer_dlq_events) AS letters,
       (SELECT coalesce(sum(applied + stale + duplicate + conflict + dead_lettered), 0) FROM sync.hourly_counters) AS counted`,
  );
  return Object.values(row!).map(Number);
};

/** Changes of the database that refuse what comes, and what takes them back. */
const CHANGES: Readonly<Record<string, { begin: string; end: string; reason: RegExp }>> = {
  'a CHECK': {
    begin: `ALTER TABLE bo.ledger_entries ADD CONSTRAINT small CHECK (amount < 50) NOT VALID`,
    end: 'ALTER TABLE bo.ledger_entries DROP CONSTRAINT small',
    reason: /SQLSTATE 23514, constraint small, table ledger_entries/,
  },
  'a column without a default': {
    begin: `ALTER TABLE bo.ledger_entries ADD COLUMN branch text; ALTER TABLE bo.ledger_entries ADD CONSTRAINT branch_there
      CHECK (branch IS NOT NULL) NOT VALID`,
    end: 'ALTER TABLE bo.ledger_entries DROP COLUMN branch',
    reason: /SQLSTATE 23514, constraint branch_there/,
  },
  'a trigger that raises a data error': {
    begin: `CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '22023'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON bo.ledger_entries FOR EACH ROW EXECUTE FUNCTION public.refuse()`,
    end: 'DROP FUNCTION public.refuse CASCADE',
    reason: /SQLSTATE 22023/,
  },
  'a foreign key': {
    begin: `CREATE TABLE public.wallets (id text PRIMARY KEY);
      ALTER TABLE bo.ledger_entries ADD CONSTRAINT of_wallet FOREIGN KEY (wallet_id) REFERENCES public.wallets NOT VALID;
      GRANT SELECT, UPDATE ON public.wallets TO bo_sync`,
    end: 'DROP TABLE public.wallets CASCADE',
    reason: /SQLSTATE 23503, constraint of_wallet/,
  },
};

describe('somebody has changed the database', () => {
  for (const [what, { begin, end, reason }] of Object.entries(CHANGES)) {
    for (const size of [2, 60]) {
      test(`${what}: a batch of ${size} waits, nothing becomes a dead letter, and it is stored when that is taken back`, async (t) => {
        const database = await testDatabase(t);
        const rules = rulesOf(database);
        const partition = new Partition();
        await ingest(rules, [partition.event(entry('before'))]);
        await database.pool.query(begin);
        const batch = Array.from({ length: size }, (_, index) => partition.event(entry(`e-${index}`)));
        for (let attempt = 1; attempt <= 3; attempt++) {
          await assert.rejects(ingest(rules, batch), (error: Error) => {
            assert(error instanceof DatabaseRefusesRows);
            assert.match(error.message, reason);
            return true;
          });
        }
        assert.deepEqual(await state(database), [1, 0, 1]);
        await database.pool.query(end);
        const { outcomes } = await ingest(rules, batch);
        assert.equal(outcomes.applied, size);
        assert.deepEqual(await state(database), [size + 1, 0, size + 1]);
      });
    }
  }

  test('the database is mended while the guilty rows are looked for: none becomes a dead letter', async (t) => {
    // Refuses the first rows that come, whichever they are; what is counted is not rolled back.
    for (const times of [1, 5, 8, 12, 20]) {
      const database = await testDatabase(t);
      await database.pool.query(
        `CREATE SEQUENCE public.refusals; GRANT USAGE ON SEQUENCE public.refusals TO PUBLIC;
         CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF nextval('public.refusals') <= ${times} THEN RAISE EXCEPTION 'no' USING ERRCODE = '22023'; END IF;
           RETURN NEW;
         END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON bo.ledger_entries FOR EACH ROW EXECUTE FUNCTION public.refuse()`,
      );
      const rules = rulesOf(database);
      const partition = new Partition();
      const batch = Array.from({ length: 24 }, (_, index) => partition.event(entry(`e-${index}`)));
      // As the host does: again, until it is stored.
      let applied: number | undefined;
      for (let attempt = 1; applied === undefined && attempt <= 10; attempt++) {
        applied = await ingest(rules, batch).then(
          ({ outcomes }) => outcomes.applied,
          (error: unknown) => {
            assert(error instanceof DatabaseRefusesRows || error instanceof RefusedNoMore, String(error));
            return undefined;
          },
        );
      }
      assert.equal(applied, 24, `refused ${times} times`);
      assert.deepEqual(await state(database), [24, 0, 24]);
    }
  });

  test('batches of one row: the first is taken for guilty, the next ones wait until something is stored', async (t) => {
    const database = await testDatabase(t);
    const rules = rulesOf(database);
    const partition = new Partition();
    await database.pool.query(CHANGES['a CHECK']!.begin);
    const [first, second, third] = ['a', 'b', 'c'].map((id) => partition.event(entry(id)));
    assert.equal((await ingest(rules, [first!])).outcomes.dead_lettered, 1);
    await assert.rejects(ingest(rules, [second!]), DatabaseRefusesRows);
    await assert.rejects(ingest(rules, [second!]), DatabaseRefusesRows);
    await database.pool.query(CHANGES['a CHECK']!.end);
    assert.equal((await ingest(rules, [second!])).outcomes.applied, 1);
    await database.pool.query(CHANGES['a CHECK']!.begin);
    assert.equal((await ingest(rules, [third!])).outcomes.dead_lettered, 1);
  });

  test('the same event again is no second one: its dead letter could not be written, or it is one already', async (t) => {
    const database = await testDatabase(t);
    const rules = rulesOf(database);
    const guilty = new Partition().event(entry('a'));
    await database.pool.query(CHANGES['a CHECK']!.begin);
    await database.pool.query('ALTER TABLE bo.consumer_dlq_events RENAME COLUMN error TO away');
    await assert.rejects(ingest(rules, [guilty]));
    await database.pool.query('ALTER TABLE bo.consumer_dlq_events RENAME COLUMN away TO error');
    assert.equal((await ingest(rules, [guilty])).outcomes.dead_lettered, 1);
    await ingest(rules, [guilty]);
    assert.deepEqual(await state(database), [0, 1, 1]);
  });

  test('what somebody made a dead letter of, number by number, no longer holds a batch back', async (t) => {
    const database = await testDatabase(t);
    const rules = rulesOf(database);
    const partition = new Partition();
    const [first, second, third] = ['a', 'b', 'c'].map((id) => partition.event(entry(id)));
    await database.pool.query(CHANGES['a CHECK']!.begin);
    await assert.rejects(ingest(rules, [first!, second!]), DatabaseRefusesRows);
    // As the repair of a gap does, each time anew.
    for (const event of [first!, second!]) await ingest(rulesOf(database), [event]);
    assert.equal((await ingest(rules, [first!, second!])).outcomes.dead_lettered, 2);
    // They are no reason to let others pass.
    await assert.rejects(
      ingest(rules, [first!, second!, third!, partition.event(entry('d'))]),
      DatabaseRefusesRows,
    );
    assert.deepEqual(await state(database), [0, 2, 2]);
  });

  test('half of a batch at most, or each for a reason of its own: those are guilty', async (t) => {
    const database = await testDatabase(t);
    const rules = rulesOf(database);
    const partition = new Partition();
    await database.pool.query(`ALTER TABLE bo.ledger_entries ADD CONSTRAINT small CHECK (amount < 50),
      ADD CONSTRAINT not_x CHECK (wallet_id <> 'x')`);
    const batch = [
      entry('a', { amount: '99' }),
      entry('b', { amount: '98' }),
      entry('c', { amount: '1' }),
      entry('d', { amount: '1', wallet_id: 'x' }),
    ].map((body) => partition.event(body));
    const { outcomes, deadLetters } = await ingest(rules, batch);
    assert.deepEqual([outcomes.applied, deadLetters], [1, { rejected_by_database: 3 }]);
  });
});

describe('rows that are refused only together', () => {
  /** How the database refuses two rows of one wallet, though each alone would do. */
  const TOGETHER = {
    'a unique index that somebody added': 'CREATE UNIQUE INDEX one_a_wallet ON bo.ledger_entries (wallet_id)',
    'an exclusion constraint': `ALTER TABLE bo.ledger_entries ADD CONSTRAINT one_a_wallet EXCLUDE USING hash (wallet_id WITH =)`,
    'a trigger over the statement': `CREATE FUNCTION public.one_a_wallet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF EXISTS (SELECT FROM bo.ledger_entries GROUP BY wallet_id HAVING count(*) > 1) THEN
          RAISE EXCEPTION 'two' USING ERRCODE = '23514';
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER one_a_wallet AFTER INSERT OR UPDATE ON bo.ledger_entries EXECUTE FUNCTION public.one_a_wallet()`,
  };
  for (const [what, begin] of Object.entries(TOGETHER)) {
    test(`${what}: the later ones are guilty, all others are stored, and nothing is tried for ever`, async (t) => {
      const database = await testDatabase(t);
      const rules = rulesOf(database);
      const partition = new Partition();
      await database.pool.query(begin);
      const batch = [
        entry('a', { wallet_id: 'one' }),
        entry('b', { wallet_id: 'shared' }),
        entry('c', { wallet_id: 'shared' }),
        entry('d', { wallet_id: 'shared' }),
        entry('e', { wallet_id: 'two' }),
      ].map((body) => partition.event(body));
      const { received, outcomes, deadLetters } = await ingest(rules, batch);
      assert.deepEqual([received, outcomes.applied, deadLetters], [5, 3, { rejected_by_database: 2 }]);
      assert.deepEqual(
        (await database.rows('SELECT tx_id FROM bo.ledger_entries ORDER BY 1')).map((row) => row['tx_id']),
        ['a', 'b', 'e'],
      );
      // One that comes later is guilty alone; the same batch again changes nothing.
      assert.deepEqual(
        (
          await ingest(rules, [
            partition.event(entry('f', { wallet_id: 'shared' })),
            partition.event(entry('g')),
          ])
        ).deadLetters,
        { rejected_by_database: 1 },
      );
      await ingest(rules, batch);
      assert.deepEqual(await state(database), [4, 3, 7]);
    });
  }
});

test('a batch of large bodies is written in transactions of a few megabytes, in order, and adds up', async (t) => {
  const database = await testDatabase(t);
  const partition = new Partition();
  const padding = 'x'.repeat(1_000_000);
  const batch = Array.from({ length: 11 }, (_, index) =>
    partition.event(entry(`large-${index}`, { unread: padding })),
  );
  const { received, outcomes, transactionIds } = await ingest(rulesOf(database), batch);
  assert.deepEqual([received, outcomes.applied, transactionIds.length], [11, 11, 3]);
  const small = Array.from({ length: 1000 }, (_, index) => partition.event(entry(`small-${index}`)));
  assert.equal((await ingest(rulesOf(database), small)).transactionIds.length, 1);
});
