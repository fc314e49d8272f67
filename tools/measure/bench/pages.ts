import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { migrate } from '../../../infra/database/migrate.ts';
import { openDatabase } from '../../../shared/store/database.ts';
import { type Postgres, startPostgres } from '../../local/processes/postgres.ts';
import { withClient } from '../../target/withClient.ts';
import { fillLedger, ingestContestant } from './contestants.ts';
import type { Progress } from './core.ts';
import { POSTGRES_SETTINGS } from './database.ts';
import { BenchPartition, type Ids, ledgerEvents } from './workload.ts';

/** All that is cached: with direct I/O no page is found in the operating system's cache. */
const SMALL = { ...POSTGRES_SETTINGS, shared_buffers: '64MB', debug_io_direct: 'data' };
const BATCH = 1000;
const DATABASES: Readonly<Record<Ids, string>> = { random: 'pages_random', ordered: 'pages_ordered' };

export interface Pages {
  /** Of tables and indexes, against the buffers. */
  readonly timesTheBuffers: number;
  readonly bytesPerEntry: number;
  readonly readsPerEvent: number;
  readonly writesPerEvent: number;
}

/**
 * Pages that PostgreSQL reads from the disk and writes to it (not counting WAL) for a new ledger entry with its pair, where the
 * tables are many times as large as all that is cached. Numbers of pages: they do not depend on the speed of the machine. What is
 * dirty at the end is written by a checkpoint, and counted.
 */
export async function measurePages(
  { rows, events }: { rows: number; events: number },
  progress: Progress,
): Promise<Record<Ids, Pages>> {
  const directory = mkdtempSync(join(tmpdir(), 'backoffice-sync-pages-'));
  const start = (settings: Readonly<Record<string, string>>) =>
    startPostgres({ directory, port: 0, settings });
  try {
    let postgres = await start(POSTGRES_SETTINGS);
    try {
      for (const ids of ['random', 'ordered'] as const) await fill(postgres, ids, rows, progress);
    } finally {
      await postgres.stop();
    }
    postgres = await start(SMALL);
    try {
      return {
        random: await measure(postgres, 'random', rows, events, progress),
        ordered: await measure(postgres, 'ordered', rows, events, progress),
      };
    } finally {
      await postgres.stop();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function fill(postgres: Postgres, ids: Ids, rows: number, progress: Progress): Promise<void> {
  const database = DATABASES[ids];
  await withClient(postgres.url('postgres'), (client) => client.query(`CREATE DATABASE ${database}`));
  await migrate(postgres.url(database));
  await withPool(postgres, ids, (pool) =>
    fillLedger(pool, rows, ids, (done) => progress(`${done} of ${rows} rows with ${ids} ids ...`)),
  );
  await withClient(postgres.url(database), (client) => client.query('VACUUM ANALYZE'));
}

async function measure(
  postgres: Postgres,
  ids: Ids,
  rows: number,
  events: number,
  progress: Progress,
): Promise<Pages> {
  progress(`${events} events with ${ids} ids ...`);
  const size = await withClient(postgres.url(DATABASES[ids]), async (client) => {
    const { rows } = await client.query<{ bytes: string; buffers: string }>(
      `SELECT pg_total_relation_size('bo.ledger_entries') + pg_total_relation_size('bo.payment_ledger_pairs') AS bytes,
         (SELECT setting::bigint * 8192 FROM pg_settings WHERE name = 'shared_buffers') AS buffers`,
    );
    return { bytes: Number(rows[0]!.bytes), buffers: Number(rows[0]!.buffers) };
  });
  const before = await pagesSoFar(postgres);
  const partitions = [new BenchPartition(0), new BenchPartition(1)];
  await withPool(postgres, ids, (pool) =>
    ingestContestant(pool, 'ledger', ledgerEvents(partitions, events, ids), BATCH)(),
  );
  const after = await pagesSoFar(postgres);
  return {
    timesTheBuffers: size.bytes / size.buffers,
    bytesPerEntry: size.bytes / rows,
    readsPerEvent: (after.reads - before.reads) / events,
    writesPerEvent: (after.writes - before.writes) / events,
  };
}

async function withPool(postgres: Postgres, ids: Ids, work: (pool: pg.Pool) => Promise<void>): Promise<void> {
  const pool = openDatabase({
    connection: { connectionString: postgres.url(DATABASES[ids]) },
    poolSize: 2,
    onIdleError: () => {},
  });
  try {
    await work(pool);
  } finally {
    // A backend that ends has told the statistics of all that it did.
    await pool.end();
  }
}

/** Pages of tables and indexes that the server has read and written since it started, all of them written. */
function pagesSoFar(postgres: Postgres): Promise<{ reads: number; writes: number }> {
  return withClient(postgres.url('postgres'), async (client) => {
    await client.query('CHECKPOINT');
    const { rows } = await client.query<{ reads: string; writes: string }>(
      `SELECT coalesce(sum(read_bytes), 0) / 8192 AS reads, coalesce(sum(write_bytes), 0) / 8192 AS writes
       FROM pg_stat_io WHERE object = 'relation'`,
    );
    return { reads: Number(rows[0]!.reads), writes: Number(rows[0]!.writes) };
  });
}
