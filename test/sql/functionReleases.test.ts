import assert from 'node:assert/strict';
import type pg from 'pg';
import { test } from 'vitest';
import { functionSources } from '../../infra/database/functionSources.ts';
import { MigrationRefused, migrate } from '../../infra/database/migrate.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { FUNCTIONS_SCHEMA } from '../../shared/store/release.ts';
import { entry, Partition, rulesFor } from '../../tools/proof/exampleEvents.ts';
import { withClient } from '../../tools/target/withClient.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const PREVIOUS = 'sync_r0';

/** A database on which the previous release runs: its functions are there, and those of this one are not. */
async function databaseOfPreviousRelease(t: Parameters<typeof testDatabase>[0]): Promise<TestDatabase> {
  const database = await testDatabase(t);
  await withClient(database.url, async (client) => {
    await client.query(`DROP SCHEMA ${FUNCTIONS_SCHEMA} CASCADE; CREATE SCHEMA ${PREVIOUS}`);
    await client.query(functionSources(PREVIOUS));
    await client.query(
      `UPDATE sync.function_releases SET schema = '${PREVIOUS}', sha256 = 'of another text',
         installed_at = now() - interval '1 day'`,
    );
  });
  return database;
}

/** The pool as an app of the previous release has it: its calls go to the functions that it was built with. */
function appOfPreviousRelease(pool: pg.Pool): pg.Pool {
  const renamed = (text: string) => text.replaceAll(FUNCTIONS_SCHEMA, PREVIOUS);
  return new Proxy(pool, {
    get: (target, name) =>
      name === 'query'
        ? (query: { name: string; text: string }) =>
            target.query({ ...query, name: `previous ${query.name}`, text: renamed(query.text) })
        : Reflect.get(target, name, target),
  });
}

const releases = (database: TestDatabase) =>
  database.rows(
    `SELECT r.schema, n.nspname IS NOT NULL AS "exists" FROM sync.function_releases r
     LEFT JOIN pg_namespace n ON n.nspname = r.schema ORDER BY r.installed_at`,
  );

test('the previous release keeps ingesting while the new one is installed, and beside it', async (t) => {
  const database = await databaseOfPreviousRelease(t);
  const previous = appOfPreviousRelease(database.pool);
  const partitions = [new Partition(0), new Partition(1)];
  const payments = Array.from({ length: 40 }, (_, index) => index);
  /** The halves of a payment by two apps, at the same time. */
  const ingestHalves = (number: number, apps: readonly [pg.Pool, pg.Pool]) =>
    Promise.all(
      (['PAYMENT', 'RECEIVE'] as const).map(async (entry_type, index) => {
        const body = entry(`${entry_type}-${number}`, { entry_type, related_id: `order-${number}` });
        const { outcomes } = await ingest(rulesFor(apps[index]!, 'ledger'), [partitions[index]!.event(body)]);
        assert.equal(outcomes.applied, 1);
      }),
    );

  let installed = false;
  const installation = migrate(database.url).then((result) => {
    installed = true;
    return result;
  });
  let during = 0;
  for (const number of payments) {
    if (!installed) during++;
    await ingestHalves(number, [previous, previous]);
  }
  const result = await installation;
  assert.deepEqual(result, { migrations: [], installed: true, dropped: [] });
  assert.ok(during > 0, 'batches ran while it was installed');
  for (const number of payments) await ingestHalves(1000 + number, [previous, database.pool]);

  assert.deepEqual(await releases(database), [
    { schema: PREVIOUS, exists: 'true' },
    { schema: FUNCTIONS_SCHEMA, exists: 'true' },
  ]);
  const pairs = await database.rows(
    'SELECT pairing_status, count(*) FROM bo.payment_ledger_pairs GROUP BY 1',
  );
  assert.deepEqual(pairs, [{ pairing_status: 'COMPLETE', count: String(2 * payments.length) }]);
});

test('an installation that fails leaves the previous release whole', async (t) => {
  const database = await databaseOfPreviousRelease(t);
  // Somebody else's schema under the name of this release's.
  await database.pool.query(`CREATE SCHEMA ${FUNCTIONS_SCHEMA}`);
  await assert.rejects(migrate(database.url), /already exists/);
  assert.deepEqual(await releases(database), [{ schema: PREVIOUS, exists: 'true' }]);
  const previous = appOfPreviousRelease(database.pool);
  const { outcomes } = await ingest(rulesFor(previous, 'ledger'), [new Partition().event(entry('a'))]);
  assert.equal(outcomes.applied, 1);
});

test('other functions under the number of this release are refused, and replaced where that is asked for', async (t) => {
  const database = await testDatabase(t);
  assert.deepEqual(await migrate(database.url), { migrations: [], installed: false, dropped: [] });
  await database.pool.query("UPDATE sync.function_releases SET sha256 = 'of another text'");
  await assert.rejects(migrate(database.url), (error: Error) => {
    assert.ok(error instanceof MigrationRefused);
    assert.match(error.message, /--replace/);
    return true;
  });
  assert.equal((await migrate(database.url, { replace: true })).installed, true);
  const { outcomes } = await ingest(rulesFor(database.pool, 'ledger'), [new Partition().event(entry('a'))]);
  assert.equal(outcomes.applied, 1);
});

test('the release before the previous one is dropped', async (t) => {
  const database = await databaseOfPreviousRelease(t);
  await database.pool.query(
    `CREATE SCHEMA sync_old; INSERT INTO sync.function_releases VALUES ('sync_old', '-', now() - interval '2 days')`,
  );
  assert.deepEqual((await migrate(database.url)).dropped, ['sync_old']);
  const left = await database.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'sync_%' ORDER BY 1");
  assert.deepEqual(left, [{ nspname: PREVIOUS }, { nspname: FUNCTIONS_SCHEMA }]);
});

test('a database of the time before there was a release is refused, with what to do', async (t) => {
  const database = await testDatabase(t);
  await database.pool.query("UPDATE sync.migrations SET name = '0001_serving_tables'");
  await assert.rejects(migrate(database.url), /npm run local:reset/);
});
