import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { BrokerWatch } from '../../proof/brokerLog.ts';
import { unseenEvents } from '../../proof/progress.ts';
import { syntheticEvents } from '../../proof/synthetic/payments.ts';
import { Publisher } from '../../proof/synthetic/publish.ts';
import { Random } from '../../proof/synthetic/random.ts';
import { OPERATOR_LOGIN } from '../../target/localCloud.ts';
import { type Bed, startBed } from './bed.ts';

/** Events per second of the stream beside the load. */
const STREAM_RATE = 300;
const KILLS = 3;
/** Before the first event of the stream. */
const AS_OF = '2026-01-01T00:00:00Z';

const LEDGER =
  'tx_id, wallet_id, entry_type, amount, related_id, event_time, created_at, updated_at, source_version';
const ORDERS = 'order_id, user_id, merchant_name, amount, status, created_at, updated_at, source_version';

export interface BackfillFigures {
  /** Rows per second, all runs of it together, against raw COPY of the same file beside the same stream. */
  readonly backfill_against_copy: number;
  readonly backfill_rows_per_second: number;
  readonly backfill_peak_memory_mb: number;
  /** The longest that an event of the stream waited meanwhile, seconds. */
  readonly backfill_stream_lag_seconds: number;
}

/**
 * Loads two dumps with the command line, killed three times on the way, while the stream runs; then holds every row
 * against what raw COPY made of the same files.
 */
export async function measureBackfill(
  { ledgerRows, orderRows }: { ledgerRows: number; orderRows: number },
  progress: (line: string) => void,
): Promise<BackfillFigures> {
  await using bed = await startBed({ ledger: 4, payment_order: 4, pair: 4 });
  const folder = await mkdtemp(join(tmpdir(), 'bench-backfill-'));
  const files = { ledger: join(folder, 'ledger.csv'), orders: join(folder, 'orders.csv') };
  const admin = new pg.Client({ connectionString: bed.adminUrl });
  await admin.connect();
  try {
    progress('writing the dumps ...');
    await writeDumps(files, ledgerRows, orderRows);
    await bed.startHost();
    await using stream = new Stream(bed);
    const copySeconds = await rawCopy(admin, files);
    progress(`raw COPY: ${Math.round((ledgerRows + orderRows) / copySeconds)} rows/s`);
    stream.longestLag = 0;
    const load = await loadWithKills(bed, files, ledgerRows + orderRows, admin, progress);
    await checkAgainstCopy(admin, ledgerRows, orderRows);
    const rate = (ledgerRows + orderRows) / load.seconds;
    return {
      backfill_against_copy: copySeconds / load.seconds,
      backfill_rows_per_second: rate,
      backfill_peak_memory_mb: load.peakMemoryMb,
      backfill_stream_lag_seconds: stream.longestLag,
    };
  } finally {
    await admin.end();
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeDumps(
  files: { ledger: string; orders: string },
  ledgerRows: number,
  orderRows: number,
): Promise<void> {
  const write = async (file: string, header: string, rows: Iterable<string>) => {
    const out = createWriteStream(file);
    out.write(`${header.replaceAll(' ', '')}\n`);
    for (const row of rows) if (!out.write(row)) await once(out, 'drain');
    out.end();
    await once(out, 'finish');
  };
  const time = '2025-12-31 11:59:58.123+00';
  const id = (kind: string, number: number) =>
    `${kind}-${((number * 2_654_435_761) % 2 ** 32).toString(16)}-${number}`;
  await write(
    files.ledger,
    LEDGER,
    (function* () {
      for (let number = 0; number < ledgerRows; number++) {
        const order = id('order', number >> 1);
        const type = number % 2 === 0 ? 'PAYMENT' : 'RECEIVE';
        yield `${id('tx', number)},wallet-${number % 50_000},${type},${1000 + (number >> 1)}.50,${order},${time},${time},${time},1\n`;
      }
    })(),
  );
  await write(
    files.orders,
    ORDERS,
    (function* () {
      for (let number = 0; number < orderRows; number++) {
        yield `${id('order', number)},user-${number % 9999},Corner shop,${1000 + number}.50,PAID,${time},${time},1\n`;
      }
    })(),
  );
}

/** Into tables with the same columns and indexes; returns the seconds that it took. */
async function rawCopy(admin: pg.Client, files: { ledger: string; orders: string }): Promise<number> {
  await admin.query('CREATE SCHEMA raw');
  for (const [table, like] of [
    ['ledger', 'ledger_entries'],
    ['orders', 'payment_orders'],
  ] as const) {
    await admin.query(`CREATE TABLE raw.${table} (LIKE bo.${like} INCLUDING ALL)`);
    for (const [column, value] of [
      ['source_enqueued_at', 'now()'],
      ['source_partition', '-1'],
      ['source_sequence', '0'],
      ['ingested_at', 'now()'],
    ]) {
      await admin.query(`ALTER TABLE raw.${table} ALTER ${column} SET DEFAULT ${value}`);
    }
  }
  const startedAt = performance.now();
  for (const [table, columns, file] of [
    ['orders', ORDERS, files.orders],
    ['ledger', LEDGER, files.ledger],
  ] as const) {
    const target = admin.query(copyFrom(`COPY raw.${table} (${columns}) FROM STDIN (FORMAT csv, HEADER)`));
    await pipeline(createReadStream(file, { highWaterMark: 2 ** 20 }), target);
  }
  return (performance.now() - startedAt) / 1000;
}

async function loadWithKills(
  bed: Bed,
  files: { ledger: string; orders: string },
  rows: number,
  admin: pg.Client,
  progress: (line: string) => void,
): Promise<{ seconds: number; peakMemoryMb: number }> {
  const url = new URL(bed.adminUrl);
  url.username = OPERATOR_LOGIN.user;
  url.password = OPERATOR_LOGIN.password;
  let seconds = 0;
  let peakMemoryMb = 0;
  for (let run = 0; run <= KILLS; run++) {
    const startedAt = performance.now();
    const words = [
      'backfill',
      '--ledger',
      files.ledger,
      '--orders',
      files.orders,
      '--as-of',
      AS_OF,
      '--json',
    ];
    const child = spawn(process.execPath, ['tools/operator/main.ts', ...words], {
      env: { ...process.env, DATABASE_URL: url.href },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const ended = once(child, 'close') as Promise<[number | null]>;
    let running = true;
    void ended.then(() => {
      running = false;
    });
    while (running) {
      peakMemoryMb = Math.max(peakMemoryMb, peakMemoryOf(child));
      await delay(200);
      if (run === KILLS || (await loadedRows(admin)) < ((run + 1) * rows) / (KILLS + 1)) continue;
      child.kill('SIGKILL');
      break;
    }
    const [code] = await ended;
    seconds += (performance.now() - startedAt) / 1000;
    progress(`backfill, run ${run + 1}: ${await loadedRows(admin)} rows`);
    if (run === KILLS && code !== 0) throw new Error(`The backfill ended with code ${code}.`);
  }
  return { seconds, peakMemoryMb };
}

async function loadedRows(admin: pg.Client): Promise<number> {
  const { rows } = await admin.query(
    'SELECT coalesce(sum(applied), 0)::float8 AS loaded FROM sync.backfills',
  );
  return rows[0].loaded;
}

/** The most memory that a process has had; Linux only, elsewhere 0. */
function peakMemoryOf({ pid }: ChildProcess): number {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** @throws where a row is missing, doubled or differs, or a pair is not what its three inputs say. */
async function checkAgainstCopy(admin: pg.Client, ledgerRows: number, orderRows: number): Promise<void> {
  const { rows } = await admin.query(
    `SELECT (SELECT count(*)::int FROM bo.ledger_entries t JOIN raw.ledger r ON (${same(LEDGER)})) AS entries,
       (SELECT count(*)::int FROM bo.payment_orders t JOIN raw.orders r ON (${same(ORDERS)})) AS orders,
       (SELECT count(*)::int FROM bo.payment_ledger_pairs p JOIN raw.orders r ON p.payment_order_id = r.order_id
         WHERE p.pairing_status = 'COMPLETE' AND p.amount = r.amount AND p.status = r.status AND NOT p.mismatch) AS pairs,
       (SELECT count(*)::int FROM bo.ledger_entries WHERE source_partition = -1) AS loaded`,
  );
  const found = JSON.stringify(rows[0]);
  const pairs = Math.min(orderRows, ledgerRows / 2);
  const wanted = JSON.stringify({ entries: ledgerRows, orders: orderRows, pairs, loaded: ledgerRows });
  if (found !== wanted) throw new Error(`The tables hold ${found} instead of ${wanted}.`);
}

function same(columns: string): string {
  const [key, ...others] = columns.split(', ');
  const list = (table: string) => others.map((column) => `${table}.${column}`).join(', ');
  return `t.${key} = r.${key} AND (${list('t')}) IS NOT DISTINCT FROM (${list('r')})`;
}

/** Publishes all the time, and watches how far the functions are behind. */
class Stream implements AsyncDisposable {
  longestLag = 0;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(bed: Bed) {
    this.#running = this.#run(bed);
    this.#running.catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(bed: Bed): Promise<void> {
    const publisher = new Publisher(bed.eventHubs, bed.topics);
    const broker = new BrokerWatch(bed.eventHubs, Object.values(bed.topics));
    const client = new pg.Client({ connectionString: bed.adminUrl });
    await client.connect();
    const payments = syntheticEvents(new Random(1), 'beside', Date.now);
    const watching = this.#watch(client, broker);
    try {
      const startedAt = performance.now();
      for (let sent = 1; !this.#stop.signal.aborted; sent++) {
        await publisher.publish(payments.next().value);
        const due = startedAt + (sent * 1000) / STREAM_RATE;
        const early = due - performance.now();
        if (early > 0) await delay(early);
      }
    } finally {
      await watching;
      await Promise.all([publisher.close(), broker.close(), client.end()]);
    }
  }

  async #watch(client: pg.Client, broker: BrokerWatch): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const unseen = await unseenEvents(client, await broker.ranges());
      this.longestLag = Math.max(this.longestLag, unseen / STREAM_RATE);
      await delay(500);
    }
  }
}
