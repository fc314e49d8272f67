import type pg from 'pg';
import { compareWindows } from '../../../shared/store/control/compareWindows.ts';
import { readWindows } from '../../../shared/store/control/readWindows.ts';
import type { Progress, Results } from './core.ts';
import { type BenchServer, median } from './database.ts';
import { withAndWithout } from './withAndWithout.ts';

/** A database that can't find the rows of a window: what it was before there were any. */
const WITHOUT = 'without_windows';
const ROWS_OF_A_WINDOW = 1000;
const TOPIC = 'ledger.entry.upserted';

/** The write path with and without the indexes of windows, in turn: what it loses. */
export async function controlWriteCases(
  server: BenchServer,
  events: number,
  rounds: number,
  progress: Progress,
): Promise<Results> {
  await server.template(WITHOUT, async (pool) => {
    await pool.query('DROP INDEX bo.ledger_entries_created_at, bo.payment_orders_created_at');
  });
  return withAndWithout(server, { template: WITHOUT, what: 'windows' }, events, rounds, progress);
}

/** The timer's comparison of windows beside so many entries, a window a thousand; milliseconds. */
export async function measureControl(
  server: BenchServer,
  rows: number,
  progress: Progress,
): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  progress(`filling ${rows} entries and ${rows / ROWS_OF_A_WINDOW} windows ...`);
  await server.template('windows', (pool) => fill(pool, rows));
  await server.measure(
    (pool) => ({
      events: 1,
      run: async () => {
        const all = await compare(pool);
        figures['control_windows'] = all.looked;
        figures['control_all_windows_ms'] = all.ms;
        const several = async (prepare: string) => {
          const times: number[] = [];
          for (let round = 0; round < 20; round++) {
            await pool.query(prepare);
            times.push((await compare(pool)).ms);
          }
          return median(times);
        };
        figures['control_idle_ms'] = await several('SELECT 1');
        figures['control_one_window_ms'] = await several(
          `UPDATE sync.source_totals SET due_at = now() WHERE window_id = (SELECT max(window_id) FROM sync.source_totals)`,
        );
        // None of them can be compared yet.
        await pool.query('UPDATE sync.source_totals SET due_at = now()');
        figures['control_all_windows_wait_ms'] = (await compare(pool, 'unknown')).ms;
        const startedAt = performance.now();
        await readWindows(pool, { ledger: TOPIC, payment_order: '', pair: '', control: 'control' });
        figures['control_gauges_ms'] = performance.now() - startedAt;
      },
    }),
    { template: 'windows' },
  );
  return figures;
}

async function compare(pool: pg.Pool, reached: number | 'unknown' = Date.now()) {
  const startedAt = performance.now();
  const ledger = {
    ...({ source: 'ledger', topic: TOPIC } as const),
    reached: reached === 'unknown' ? undefined : reached,
  };
  const looked = await compareWindows(pool, [ledger], 0, Infinity);
  return { looked, ms: performance.now() - startedAt };
}

/** Entries 10 ms apart up to an hour ago, as they came; every hundredth is a late one. A total for each window of 1,000. */
async function fill(pool: pg.Pool, rows: number): Promise<void> {
  await pool.query(
    `INSERT INTO bo.ledger_entries (tx_id, wallet_id, entry_type, amount, event_time, created_at, updated_at, source_version,
       source_enqueued_at, source_partition, source_sequence, ingested_at)
     SELECT 'tx-' || n, 'wallet', 'BONUS', 100.50, c.at, c.at, c.at, 1, c.at, 0, n, now()
     FROM generate_series(1, $1) n, LATERAL (
       SELECT date_trunc('minute', now()) - interval '1 hour'
         - make_interval(secs => ($1 - n + CASE WHEN n % 100 = 0 THEN 20000 ELSE 0 END) / 100.0) AS at) c`,
    [rows],
  );
  await pool.query(
    `INSERT INTO sync.source_totals (window_id, source_topic, window_start, window_end, row_count, amount_sum, updated_at,
       source_version, source_enqueued_at, source_partition, source_sequence, ingested_at)
     SELECT 'ledger|' || w.start, 'ledger', w.start, w.start + interval '10 seconds', count(*), sum(w.amount), now(), 1, now(), 0,
       row_number() OVER (), now()
     FROM (SELECT amount, date_bin('10 seconds', created_at, '2026-01-01') AS start FROM bo.ledger_entries) w
     GROUP BY w.start`,
  );
}
