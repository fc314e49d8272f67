import pg from 'pg';
import { residentMb } from '../residentMb.ts';
import type { SoakCloud } from './soakCloud.ts';

/** What is measured every few seconds; null where it could not be had, because of a fault. */
export interface Sample {
  readonly seconds: number;
  readonly published: number;
  readonly consumed: number | null;
  readonly lag: number | null;
  /** Age of the latest event that was processed, of the partition where it is oldest. */
  readonly freshness_s: number | null;
  readonly lasting_host_mb: number | null;
  readonly mortal_host_mb: number | null;
  readonly connections: number | null;
  readonly ledger_mb: number | null;
  readonly orders_mb: number | null;
  readonly pairs_mb: number | null;
  readonly dead_letters_mb: number | null;
  readonly sync_mb: number | null;
  /** The fault that is there, if any. */
  readonly fault: string;
}

/** A server that does not answer must not stop the measuring. */
const PATIENCE_MS = 3000;

const STATE = `
  SELECT
    (SELECT coalesce(sum(applied + stale + duplicate + conflict + dead_lettered + coalesce(ignored, 0)), 0)
      FROM sync.hourly_counters)::float8 AS consumed,
    (SELECT extract(epoch FROM max(clock_timestamp() - last_enqueued_at)) FROM sync.partitions)::float8 AS freshness_s,
    (SELECT count(*) FROM pg_stat_activity WHERE application_name = 'backoffice-sync')::float8 AS connections,
    ${Object.entries({
      ledger_mb: "nspname = 'bo' AND relname = 'ledger_entries'",
      orders_mb: "nspname = 'bo' AND relname = 'payment_orders'",
      pairs_mb: "nspname = 'bo' AND relname = 'payment_ledger_pairs'",
      dead_letters_mb: "nspname = 'bo' AND relname = 'consumer_dlq_events'",
      sync_mb: "nspname = 'sync'",
    })
      .map(
        ([name, condition]) => `(SELECT sum(pg_total_relation_size(c.oid)) / 1e6 FROM pg_class c
          JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind = 'r' AND ${condition})::float8 AS ${name}`,
      )
      .join(',\n    ')}`;

type State = Pick<
  Sample,
  | 'consumed'
  | 'freshness_s'
  | 'connections'
  | 'ledger_mb'
  | 'orders_mb'
  | 'pairs_mb'
  | 'dead_letters_mb'
  | 'sync_mb'
>;

const UNKNOWN: State = {
  consumed: null,
  freshness_s: null,
  connections: null,
  ledger_mb: null,
  orders_mb: null,
  pairs_mb: null,
  dead_letters_mb: null,
  sync_mb: null,
};

export async function takeSample(cloud: SoakCloud, seconds: number, fault: string): Promise<Sample> {
  const { state, lag } = await readDatabase(cloud).catch(() => ({ state: UNKNOWN, lag: null }));
  return {
    seconds: Math.round(seconds),
    published: cloud.published,
    lag,
    lasting_host_mb: wholeMb(cloud.lasting.pids[0]),
    mortal_host_mb: wholeMb(cloud.mortal.pids[0]),
    ...state,
    fault,
  };
}

async function readDatabase(cloud: SoakCloud): Promise<{ state: State; lag: number | null }> {
  const client = new pg.Client({
    connectionString: cloud.local.adminUrl,
    connectionTimeoutMillis: PATIENCE_MS,
    query_timeout: PATIENCE_MS,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<State>(STATE);
    const state = rows[0]!;
    return { state, lag: (await cloud.taken()) - state.consumed! };
  } finally {
    // One that waits for an answer would not end in order.
    void client.end().catch(() => {});
  }
}

function wholeMb(pid: number | undefined): number | null {
  const mb = residentMb(pid);
  return mb === null ? null : Math.round(mb);
}

export function csvHeader(): string {
  return (
    'seconds,published,consumed,lag,freshness_s,lasting_host_mb,mortal_host_mb,connections,' +
    'ledger_mb,orders_mb,pairs_mb,dead_letters_mb,sync_mb,fault'
  );
}

export function csvLine(sample: Sample): string {
  const values = csvHeader().split(',') as (keyof Sample)[];
  return values
    .map((name) => sample[name])
    .map((value) => (typeof value === 'number' ? Math.round(value * 10) / 10 : (value ?? '')))
    .join(',');
}
