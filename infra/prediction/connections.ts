import { readFileSync } from 'node:fs';
import type { Prediction } from './prediction.ts';

/** Of connections.json: what a server takes from others than Azure, by its size, and how much of that is not for the app. */
export const CONNECTIONS = JSON.parse(
  readFileSync(new URL('../connections.json', import.meta.url), 'utf8'),
) as { readonly keptForOthers: number; readonly ofServer: Readonly<Record<string, number>> };

/** Of a hub that the prediction does not show: the most that Standard has. */
const MOST_PARTITIONS = 32;
/** Pools of one connection (attemptMarks) and, where the timer runs, of two (syncMetrics) beside that of the batches. */
const MARKS = 1;
const TIMER = 2;

export interface FunctionConnections {
  readonly name: string;
  readonly instances: number;
  readonly each: number;
}

export interface Connections {
  readonly functions: readonly FunctionConnections[];
  readonly total: number;
  readonly server: string;
  /** What the server takes, without those that are kept for others; undefined for a server that connections.json does not have. */
  readonly limit: number | undefined;
}

/** The pool that main.bicep gives an instance, before `databasePoolSize` limits it; undefined where a server is too small. */
export function poolThatFits(
  server: string,
  hubs: number,
  partitions: number,
  mostInstances: number,
): number | undefined {
  const instances = hubs * Math.min(partitions, mostInstances) + 1 + mostInstances;
  const limit = (CONNECTIONS.ofServer[server] ?? 0) - CONNECTIONS.keptForOthers;
  const pool = Math.floor((limit - TIMER) / instances) - MARKS;
  return pool < 2 ? undefined : pool;
}

/** The most connections that all instances together can have open, by function: each function scales by itself. */
export function connectionsOf({ resources }: Prediction): Connections {
  const of = (type: string) => resources.filter((resource) => resource.type === type);
  const site = of('Microsoft.Web/sites')[0]?.properties ?? {};
  const settings: { name: string; value: string }[] = site['siteConfig'].appSettings;
  const setting = (name: string) => settings.find((one) => one.name === name)?.value ?? '';
  const most: number = site['functionAppConfig'].scaleAndConcurrency.maximumInstanceCount;
  const each = Number(setting('DB_POOL_SIZE')) + MARKS;
  const partitions = (hub: string): number =>
    of('Microsoft.EventHub/namespaces/eventhubs').find(({ name }) => name.endsWith(`/${hub}`))?.properties?.[
      'partitionCount'
    ] ?? MOST_PARTITIONS;
  const readers = [
    ['ledgerIngest', setting('LEDGER_TOPIC')],
    ['orderIngest', setting('PAYMENT_ORDER_TOPIC')],
    ['pairIngest', setting('PAIR_TOPIC')],
    ['controlIngest', setting('CONTROL_TOPIC')],
  ] as const;
  const functions = [
    ...readers
      .filter(([, hub]) => hub !== '')
      .map(([name, hub]) => ({ name, instances: Math.min(partitions(hub), most), each })),
    { name: 'syncMetrics', instances: 1, each: each + TIMER },
    { name: 'dlqReplay', instances: most, each },
  ];
  const server: string = of('Microsoft.DBforPostgreSQL/flexibleServers')[0]?.sku?.['name'];
  const taken = CONNECTIONS.ofServer[server];
  return {
    functions,
    total: functions.reduce((sum, one) => sum + one.instances * one.each, 0),
    server,
    limit: taken === undefined ? undefined : taken - CONNECTIONS.keptForOthers,
  };
}
