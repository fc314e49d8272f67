import { ALERT_FILE } from '../../infra/alerts/alerts.ts';
import { PRICES } from './prices.ts';

/** What costs of a month are computed from. */
export interface Load {
  readonly eventsPerSecond: number;
  /** Average size of an event. */
  readonly bytes: number;
  /** Hours of a month in which events come. */
  readonly hours: number;
}

export interface Line {
  readonly item: string;
  readonly quantity: number;
  readonly price: keyof typeof PRICES;
  readonly dollars: number;
}

/** The differences between the parameter files that cost money. */
export const PROFILES = {
  'cloud-test': {
    alwaysReady: 0,
    units: [1, 1],
    servers: 1,
    server: 'postgresB2s',
    gb: 32,
    endpoints: 0,
    zones: 0,
  },
  'cloud-secure': {
    alwaysReady: 6,
    units: [2, 10],
    servers: 2,
    server: 'postgresD4ds',
    gb: 256,
    endpoints: 8,
    zones: 11,
  },
} as const;
export type ProfileName = keyof typeof PROFILES;

const MONTH_HOURS = 730;
const INSTANCE_GB = 2;
const ALERT_RULES = ALERT_FILE.alerts.length;
/** Assumptions, until a run in Azure says better: events of a batch, and how long an instance works on one event. */
const [BATCH, SECONDS_PER_EVENT] = [20, 0.0066];
/** docs/metrics.md and docs/deploy.md: metrics of the timer, and log lines of batches at 300 events a second. */
const [METRICS_GB_A_DAY, LOG_BYTES_AN_EVENT] = [0.16, 190];

/** Throughput units: each takes 1 MB or 1,000 events a second. */
export function throughputUnits({ eventsPerSecond, bytes }: Load): number {
  return Math.max(1, Math.ceil(Math.max(eventsPerSecond / 1000, (eventsPerSecond * bytes) / 1_000_000)));
}

export function costOf(profile: ProfileName, load: Load): Line[] {
  const { alwaysReady, units, servers, server, gb, endpoints, zones } = PROFILES[profile];
  const events = load.eventsPerSecond * 3600 * load.hours;
  const batches = events / BATCH;
  const executing = events * SECONDS_PER_EVENT * INSTANCE_GB;
  const baseline = alwaysReady * INSTANCE_GB * 3600 * MONTH_HOURS;
  // What the instances that are always ready can't take runs on demand.
  const ready = Math.min(executing, baseline);
  const [least, most] = units;
  const needed = Math.min(most, Math.max(least, throughputUnits(load)));
  const days = load.hours / 24;
  const line = (item: string, quantity: number, price: keyof typeof PRICES): Line => ({
    item,
    quantity,
    price,
    dollars: quantity * PRICES[price].amount,
  });
  return [
    line('Functions, always ready', baseline, 'functionsBaseline'),
    line('Functions, executing on those', ready, 'functionsReadyExecuting'),
    line('Functions, executing on demand', executing - ready, 'functionsOnDemand'),
    line('Functions, executions (millions)', batches / 1e6, 'functionsExecutions'),
    line('Event Hubs, units x hours', needed * MONTH_HOURS, 'throughputUnit'),
    line('Event Hubs, events (millions)', events / 1e6, 'ingressEvents'),
    line('PostgreSQL, servers x hours', servers * MONTH_HOURS, server),
    line('PostgreSQL, storage (GB)', servers * gb, 'postgresStorage'),
    line('Storage, checkpoints (10,000)', batches / 1e4, 'storageOperations'),
    line('Logs, metrics (GB)', METRICS_GB_A_DAY * days, 'logs'),
    line('Logs, lines of batches (GB)', (events * LOG_BYTES_AN_EVENT) / 1e9, 'logs'),
    line('Alert rules', ALERT_RULES, 'logAlert'),
    line('Private endpoints x hours', endpoints * MONTH_HOURS, 'privateEndpoint'),
    line('DNS zones', zones, 'dnsZone'),
  ];
}

/** Why a profile as it is would not carry the load. */
export function shortfalls(profile: ProfileName, load: Load): string[] {
  const most = PROFILES[profile].units[1];
  const needed = throughputUnits(load);
  return needed > most
    ? [`${needed} throughput units are needed, and the profile allows ${most}: producers would be throttled.`]
    : [];
}
