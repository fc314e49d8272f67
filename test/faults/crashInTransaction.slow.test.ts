import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { until } from '../support/until.ts';
import { FaultBed } from './faultBed.ts';

const SEED = 47;

/** Tables that something else than a batch writes. */
const OTHERS = [
  'sync.function_releases',
  'sync.migrations',
  'sync.metrics_state',
  'sync.packages',
  'sync.settlement_rules',
  'sync.settlement_statuses',
  'sync.settlement_types',
];

/** Every table that a batch writes, in the order of the transaction. */
const TABLES = [
  'bo.ledger_entries',
  'bo.payment_orders',
  'sync.pair_confirmations',
  'bo.payment_ledger_pairs',
  'sync.settlement_changes',
  'bo.consumer_dlq_events',
  'sync.partitions',
  'sync.hourly_counters',
  'sync.hourly_dead_letters',
] as const;

const WAYS = [
  [
    'PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60)',
    'its connection is ended',
    /tried again/,
  ],
  ["RAISE EXCEPTION 'full' USING ERRCODE = 'disk_full'", 'the disk is full', /SQLSTATE 53100/],
] as const;

describe(`a batch ends in the middle of its transaction, seed ${SEED}`, () => {
  let bed: FaultBed;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    // A sequence is not rolled back: the fault happens once, and can be seen to have happened.
    await bed.sql('CREATE SEQUENCE public.faults');
    await bed.startHost();
    await bed.publish(300);
    await bed.caughtUp();
  });
  afterAll(() => bed.stop());

  it('the list of tables is all that a batch writes', async () => {
    const written = await bed.asAdmin(async (client) => {
      const { rows } = await client.query<{ name: string }>(
        `SELECT schemaname || '.' || tablename AS name FROM pg_tables
         WHERE schemaname IN ('bo', 'sync') AND schemaname || '.' || tablename <> ALL ($1)`,
        [OTHERS],
      );
      const counts = rows.map(
        async ({ name }) => (await client.query(`SELECT FROM ${name} LIMIT 1`)).rowCount,
      );
      const isWritten = await Promise.all(counts);
      return rows.map(({ name }) => name).filter((_, index) => isWritten[index] === 1);
    });
    assert.deepEqual(written.sort(), [...TABLES].sort());
  });

  for (const table of TABLES) {
    for (const [fault, what, logged] of WAYS) {
      it(`after it wrote ${table}: ${what}`, async () => {
        await bed.sql(
          'ALTER SEQUENCE public.faults RESTART',
          `CREATE OR REPLACE FUNCTION public.fault() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
           BEGIN
             IF nextval('public.faults') = 1 THEN ${fault}; END IF;
             RETURN NULL;
           END $$`,
          `CREATE TRIGGER fault AFTER INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION public.fault()`,
        );
        // Not every hundred events holds a dead letter or a confirmation.
        const before = bed.hostLog().length;
        await until('the fault is logged', 60_000, async () => {
          await bed.publish(50);
          return logged.test(bed.hostLog().slice(before));
        });
        await bed.caughtUp();
        await bed.sql('DROP FUNCTION public.fault CASCADE');
        await bed.assertExact();
      });
    }
  }
});
