import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../../../infra/database/migrate.ts';
import { openDatabase } from '../../../shared/store/database.ts';
import { type Postgres, startPostgres } from '../../local/processes/postgres.ts';

/** For every measurement: a commit is on disk before it is told, and enough WAL files are kept not to stall a run. */
export const POSTGRES_SETTINGS = {
  fsync: 'on',
  synchronous_commit: 'on',
  max_wal_size: '4GB',
  min_wal_size: '2GB',
  shared_buffers: '512MB',
};

/** What one timed run came to. */
export interface Measured {
  readonly eventsPerSecond: number;
  readonly walBytesPerEvent: number;
  /** CPU of this process, in microseconds. */
  readonly nodeMicrosecondsPerEvent: number;
}

/** Something to time on a database of its own. `prepare` is not timed. */
export interface Contestant {
  readonly events: number;
  readonly prepare?: () => Promise<void>;
  readonly run: () => Promise<void>;
  /** Throws where the result is wrong: a fast wrong answer counts for nothing. */
  readonly check?: () => Promise<void>;
}

/** A durable PostgreSQL for the benchmark: the same settings for every contestant. */
export class BenchServer {
  readonly postgres: Postgres;
  readonly #directory: string;
  readonly #admin: pg.Client;
  #databases = 0;

  private constructor(directory: string, postgres: Postgres, admin: pg.Client) {
    this.#directory = directory;
    this.postgres = postgres;
    this.#admin = admin;
  }

  static async start(): Promise<BenchServer> {
    const directory = mkdtempSync(join(tmpdir(), 'backoffice-sync-bench-'));
    const postgres = await startPostgres({
      directory,
      port: 0,
      settings: POSTGRES_SETTINGS,
    });
    const admin = new pg.Client({ connectionString: postgres.url('postgres') });
    await admin.connect();
    await admin.query('CREATE DATABASE empty_schema');
    await migrate(postgres.url('empty_schema'));
    return new BenchServer(directory, postgres, admin);
  }

  /** A template for {@link measure}, filled once. */
  async template(name: string, fill: (pool: pg.Pool) => Promise<void>): Promise<void> {
    await this.#admin.query(`CREATE DATABASE ${name} TEMPLATE empty_schema`);
    // Without the product's time-outs: to fill it may take minutes.
    const pool = new pg.Pool({ connectionString: this.postgres.url(name) });
    await fill(pool);
    await pool.query('VACUUM ANALYZE');
    await pool.end();
  }

  /** Times a contestant on a fresh copy of a template. `port`: of a proxy before the server. */
  async measure(
    make: (pool: pg.Pool) => Contestant,
    { template = 'empty_schema', port = this.postgres.port } = {},
  ): Promise<Measured> {
    const name = `run_${++this.#databases}`;
    await this.#admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    const pool = this.#open(name, port);
    try {
      const contestant = make(pool);
      await contestant.prepare?.();
      await this.#admin.query('CHECKPOINT');
      globalThis.gc?.();
      const wal = await this.#walPosition();
      const cpu = process.cpuUsage();
      const startedAt = performance.now();
      await contestant.run();
      const seconds = (performance.now() - startedAt) / 1000;
      const used = process.cpuUsage(cpu);
      const written = (await this.#walPosition()) - wal;
      await contestant.check?.();
      return {
        eventsPerSecond: contestant.events / seconds,
        walBytesPerEvent: written / contestant.events,
        nodeMicrosecondsPerEvent: (used.user + used.system) / contestant.events,
      };
    } finally {
      await pool.end();
      await this.#admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    }
  }

  async deadlocks(): Promise<number> {
    const result = await this.#admin.query<{ deadlocks: string }>(
      'SELECT sum(deadlocks) AS deadlocks FROM pg_stat_database',
    );
    return Number(result.rows[0]!.deadlocks);
  }

  async stop(): Promise<void> {
    await this.#admin.end();
    await this.postgres.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #walPosition(): Promise<number> {
    const result = await this.#admin.query<{ bytes: string }>(
      "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS bytes",
    );
    return Number(result.rows[0]!.bytes);
  }

  #open(name: string, port: number): pg.Pool {
    const url = new URL(this.postgres.url(name));
    url.port = String(port);
    return openDatabase({ connection: { connectionString: url.href }, poolSize: 8, onIdleError: () => {} });
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
