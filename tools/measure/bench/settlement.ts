import type pg from 'pg';
import { FUNCTIONS_SCHEMA } from '../../../shared/store/release.ts';
import type { Progress, Results } from './core.ts';
import { type BenchServer, median } from './database.ts';
import { withAndWithout } from './withAndWithout.ts';

/** A database whose write path notes nothing of settlements: what it was before there were any. */
const WITHOUT = 'without_settlement';
const LARGE_GROUP = 200_000;
const READS = 500;
/** Groups that change before a sweep is timed. */
const CHANGED = 1000;

/** The write path with and without settlement, in turn: what it loses. */
export async function settlementWriteCases(
  server: BenchServer,
  events: number,
  rounds: number,
  progress: Progress,
): Promise<Results> {
  await server.template(WITHOUT, async (pool) => {
    await pool.query('DROP INDEX bo.ledger_entries_reverses, bo.payment_orders_ingested_at');
    for (const row of ['ledger_row', 'orders_row']) {
      await pool.query(
        `CREATE OR REPLACE FUNCTION ${FUNCTIONS_SCHEMA}.note_changes(p_rows ${FUNCTIONS_SCHEMA}.${row}[], p_verdicts "char"[],
           p_changes ${FUNCTIONS_SCHEMA}.settlement_change[], p_began_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$`,
      );
    }
  });
  return withAndWithout(server, { template: WITHOUT, what: 'settlement' }, events, rounds, progress);
}

/** Reads and sweeps beside so many entries; milliseconds. */
export async function measureSettlement(
  server: BenchServer,
  rows: number,
  progress: Progress,
): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  progress(`filling ${rows} entries ...`);
  await server.template('settled', (pool) => fill(pool, rows));
  await server.measure(
    (pool) => ({
      events: 1,
      run: async () => {
        const read = (id: string) => timed(() => pool.query(READ, [id]));
        const middle = async (times: number, work: (index: number) => Promise<number>) => {
          const all: number[] = [];
          for (let index = 0; index < times; index++) all.push(await work(index));
          return all;
        };
        const scattered = (index: number) => `order-${Math.floor((index * 7919) % (rows / 2))}`;
        // The first time, pages come from the disk: that says more of the disk.
        for (const time of ['first_read', 'read']) {
          const reads = await middle(READS, (index) => read(scattered(index)));
          reads.sort((a, b) => a - b);
          figures[`settlement_${time}_p50_ms`] = median(reads);
          figures[`settlement_${time}_p95_ms`] = reads[Math.floor(READS * 0.95)]!;
          figures[`settlement_${time}_p99_ms`] = reads[Math.floor(READS * 0.99)]!;
        }

        await change(pool, ['large']);
        figures['settlement_large_group_sweep_ms'] = await timed(() => sweep(pool));
        figures['settlement_large_group_read_ms'] = median(await middle(20, () => read('large')));
        await change(pool, ['large']);
        figures['settlement_large_group_read_while_changed_ms'] = median(
          await middle(3, () => read('large')),
        );
        await sweep(pool);

        figures['settlement_idle_sweep_ms'] = median(await middle(20, () => timed(() => sweep(pool))));
        const changed = Array.from({ length: CHANGED }, (_, index) => scattered(index));
        figures['settlement_sweep_of_1000_ms'] = median(
          await middle(5, async () => {
            await change(pool, changed);
            return timed(() => sweep(pool));
          }),
        );
        progress('a pass over all groups ...');
        await pool.query("UPDATE sync.settlement_rules SET next_group = ''");
        figures['settlement_pass_of_20000_ms'] = await timed(() => sweep(pool));
      },
    }),
    { template: 'settled' },
  );
  return figures;
}

const READ = 'SELECT * FROM bo.payment_settlements WHERE payment_order_id = $1';

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function sweep(pool: pg.Pool): Promise<void> {
  await pool.query(`SELECT ${FUNCTIONS_SCHEMA}.sweep_settlements(50, 20000)`);
}

/** As a batch notes it. */
async function change(pool: pg.Pool, ids: readonly string[]): Promise<void> {
  await pool.query(
    'INSERT INTO sync.settlement_changes (began_at, ended_at, ids) VALUES (clock_timestamp(), clock_timestamp(), $1)',
    [ids],
  );
}

/** Payments of two entries, every tenth with a refund of two more, their orders, and one group that is large. */
async function fill(pool: pg.Pool, rows: number): Promise<void> {
  const entry = (tx: string, type: string, wallet: string, order: string, from: string) =>
    `INSERT INTO bo.ledger_entries (tx_id, wallet_id, entry_type, amount, related_id, event_time, created_at, updated_at,
       source_version, source_enqueued_at, source_partition, source_sequence, ingested_at)
     SELECT ${tx}, ${wallet}, ${type}, 100.50, ${order}, now(), now(), now(), 1, now(), 0, n, now() FROM ${from}`;
  await pool.query(
    entry(
      "t.type || '-' || n",
      't.type',
      "'wallet-' || n % 5000",
      "'order-' || n",
      `generate_series(0, ${Math.floor(rows / 2) - 1}) n, unnest(ARRAY['PAYMENT', 'RECEIVE', 'REFUND_OUT', 'REFUND_IN']) t(type)
       WHERE t.type IN ('PAYMENT', 'RECEIVE') OR n % 10 = 0`,
    ),
  );
  await pool.query(
    entry(
      "'large-' || n",
      "CASE WHEN n % 2 = 0 THEN 'PAYMENT' ELSE 'RECEIVE' END",
      "'wallet-' || n % 5000",
      "'large'",
      `generate_series(0, ${LARGE_GROUP - 1}) n`,
    ),
  );
  await pool.query(
    `INSERT INTO bo.payment_orders (order_id, amount, status, created_at, source_enqueued_at, source_partition,
       source_sequence, ingested_at)
     SELECT 'order-' || n, 100.50, 'PAID', now(), now(), 0, n, now() FROM generate_series(0, ${Math.floor(rows / 2) - 1}) n`,
  );
  await pool.query(
    `INSERT INTO bo.payment_ledger_pairs (payment_order_id, payment_tx_id, receive_tx_id, payer_wallet_id, payee_wallet_id, amount,
       status, event_time, pairing_status, mismatch, confirmed, ordered, payment_count, receive_count, payment_amount,
       receive_amount, updated_at, ingested_at)
     SELECT 'order-' || n, 'PAYMENT-' || n, 'RECEIVE-' || n, 'wallet-' || n % 5000, 'wallet-' || n % 5000, 100.50, 'PAID', now(),
       'COMPLETE', false, false, true, 1, 1, 100.50, 100.50, now(), now() FROM generate_series(0, ${Math.floor(rows / 2) - 1}) n`,
  );
  await pool.query('UPDATE sync.settlement_rules SET next_group = NULL');
}
