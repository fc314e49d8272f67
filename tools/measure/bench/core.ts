import type pg from 'pg';
import type { BrokerEvent } from '../../../shared/ingest/brokerEvent.ts';
import {
  copyContestant,
  fillLedger,
  ingestContestant,
  rowContestant,
  unnestContestant,
} from './contestants.ts';
import { type BenchServer, type Contestant, type Measured, median } from './database.ts';
import { startDelayProxy } from './delayProxy.ts';
import { BenchPartition, type Ids, ledgerEvents, orderEvents } from './workload.ts';

export type Progress = (line: string) => void;

/** Medians over the rounds, and the rate of each round. */
export type Results = Record<string, Measured & { readonly rounds: readonly number[] }>;

interface Case {
  readonly name: string;
  readonly make: (pool: pg.Pool) => Contestant;
  readonly where?: { readonly template?: string; readonly port?: number };
}

/** Runs all cases once a round, so that a machine that slows down slows all of them. */
export async function interleaved(
  server: BenchServer,
  cases: readonly Case[],
  rounds: number,
  progress: Progress,
): Promise<Results> {
  const runs = new Map<string, Measured[]>(cases.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const { name, make, where } of cases) {
      const measured = await server.measure(make, where);
      runs.get(name)!.push(measured);
      progress(
        `${name.padEnd(34)} ${Math.round(measured.eventsPerSecond)} events/s (round ${round} of ${rounds})`,
      );
    }
  }
  const medianOf = (all: Measured[], read: (one: Measured) => number) => median(all.map(read));
  return Object.fromEntries(
    [...runs].map(([name, all]) => [
      name,
      {
        eventsPerSecond: medianOf(all, (one) => one.eventsPerSecond),
        walBytesPerEvent: medianOf(all, (one) => one.walBytesPerEvent),
        nodeMicrosecondsPerEvent: medianOf(all, (one) => one.nodeMicrosecondsPerEvent),
        rounds: all.map((one) => one.eventsPerSecond),
      },
    ]),
  );
}

export const partitions = (count: number) =>
  Array.from({ length: count }, (_, index) => new BenchPartition(index));

/** Batches of each partition that are not timed: they open the connections and prepare what a host has had for days. */
const WARM_UP = 20;

/** New ledger entries through a contestant, a stream a partition. */
function newEntries(
  count: number,
  events: number,
  batch: number,
  ids: Ids,
  contestant: (streams: BrokerEvent[][], batch: number) => () => Promise<void>,
): Contestant {
  const from = partitions(count);
  return {
    events,
    prepare: contestant(ledgerEvents(from, WARM_UP * count, ids), 1),
    run: contestant(ledgerEvents(from, events, ids), batch),
  };
}

/** The product's own ingest of new ledger entries, and whether every pair came out complete. */
export function ledgerIngest(
  pool: pg.Pool,
  count: number,
  events: number,
  batch: number,
  ids: Ids,
): Contestant {
  return {
    ...newEntries(count, events, batch, ids, (streams, size) =>
      ingestContestant(pool, 'ledger', streams, size),
    ),
    check: async () => {
      const result = await pool.query<{ lost: string }>(
        `SELECT count(*) AS lost FROM bo.payment_ledger_pairs WHERE pairing_status <> 'COMPLETE'`,
      );
      if (result.rows[0]!.lost !== '0') throw new Error(`${result.rows[0]!.lost} pairs were lost.`);
    },
  };
}

/** The contestants of the targets: new ledger entries, random ids, the legs of an order in different partitions. */
export function targetCases(events: number): Case[] {
  const rowEvents = Math.ceil(events / 8);
  return [
    {
      name: 'copy, 1 connection',
      make: (pool) =>
        newEntries(1, events, 1000, 'random', (streams, size) => copyContestant(pool, streams, size)),
    },
    {
      name: 'unnest, 2 connections',
      make: (pool) =>
        newEntries(2, events, 1000, 'random', (streams, size) => unnestContestant(pool, streams, size)),
    },
    ...rowCases('row', rowEvents),
    { name: 'ingest, 2 partitions', make: (pool) => ledgerIngest(pool, 2, events, 1000, 'random') },
    {
      name: 'ingest, all repeated',
      make: (pool) => {
        const run = ingestContestant(pool, 'ledger', ledgerEvents(partitions(2), events, 'random'), 1000);
        // The first reader of a new row marks it as committed, which is logged once, whoever reads it: VACUUM does
        // that beforehand.
        const prepare = async () => {
          await run();
          await pool.query('VACUUM');
        };
        return { events, prepare, run };
      },
    },
    { name: 'ingest, half newer, half stale', make: (pool) => halfStale(pool, events) },
  ];
}

/** One row at a time, as the samples do it and as somebody does who has measured that. */
function rowCases(title: string, events: number, where: Case['where'] = {}): Case[] {
  return [false, true].map((prepared) => ({
    name: `${title}${prepared ? ', prepared' : ''}, 4 connections`,
    make: (pool) =>
      newEntries(4, events, 1, 'random', (streams) => rowContestant(pool, streams, { prepared })),
    where,
  }));
}

function halfStale(pool: pg.Pool, events: number): Contestant {
  const streams = ledgerEvents(partitions(2), events, 'random');
  const renewed = streams.map((stream) =>
    stream.map((event, index): BrokerEvent => {
      const body = JSON.parse(event.body.toString('utf8')) as object;
      const version = index % 2 === 0 ? 2 : 0;
      const position = { ...event, sequenceNumber: event.sequenceNumber + stream.length };
      return { ...position, body: Buffer.from(JSON.stringify({ ...body, version })) };
    }),
  );
  return {
    events,
    prepare: ingestContestant(pool, 'ledger', streams, 1000),
    run: ingestContestant(pool, 'ledger', renewed, 1000),
  };
}

/** With a millisecond added to every round trip: what a database in another building feels like. */
export async function delayCases(
  server: BenchServer,
  events: number,
  rounds: number,
  progress: Progress,
): Promise<Results> {
  const proxy = await startDelayProxy(server.postgres.port, 1);
  const where = { port: proxy.port };
  const rowEvents = Math.ceil(events / 20);
  try {
    return await interleaved(
      server,
      [
        {
          name: 'delayed ingest, batch 100',
          make: (pool) => ledgerIngest(pool, 2, events, 100, 'random'),
          where,
        },
        ...rowCases('delayed row', rowEvents, where),
      ],
      rounds,
      progress,
    );
  } finally {
    await proxy.stop();
  }
}

/** Batch sizes, partitions and streams. */
export function gridCases(events: number): Case[] {
  const cases: Case[] = [];
  for (const batch of [1, 10, 100, 1000]) {
    for (const count of [1, 2, 4]) {
      const size = Math.max(Math.min(events, batch * 400), 400 * count);
      const title = `batch ${batch}, ${count} partition(s)`;
      cases.push({
        name: `ledger, ${title}`,
        make: (pool) => ledgerIngest(pool, count, size, batch, 'random'),
      });
      cases.push({
        name: `orders, ${title}`,
        make: (pool) => ({
          events: size,
          run: ingestContestant(pool, 'payment_order', orderEvents(partitions(count), size, 'random'), batch),
        }),
      });
      cases.push({ name: `mixed, ${title}`, make: (pool) => mixed(pool, count, size, batch) });
    }
  }
  return cases;
}

/** Orders and ledger entries at once, each topic with its own partitions. */
function mixed(pool: pg.Pool, count: number, events: number, batch: number): Contestant {
  const orders = ingestContestant(
    pool,
    'payment_order',
    orderEvents(partitions(count), events / 2, 'random'),
    batch,
  );
  const entries = ingestContestant(
    pool,
    'ledger',
    ledgerEvents(partitions(count), events / 2, 'random'),
    batch,
  );
  return {
    events,
    run: async () => {
      await Promise.all([orders(), entries()]);
    },
  };
}

/** The same at 0 and at many rows, for ids that grow with time and for random ones. */
export async function growthCases(
  server: BenchServer,
  rows: number,
  events: number,
  rounds: number,
  progress: Progress,
): Promise<Results> {
  const cases: Case[] = [];
  for (const ids of ['ordered', 'random'] as const) {
    const template = `filled_${ids}`;
    progress(`filling ${rows} rows with ${ids} ids ...`);
    await server.template(template, (pool) => fillLedger(pool, rows, ids));
    for (const where of [{}, { template }]) {
      const size = 'template' in where ? `at ${rows} rows` : 'at 0 rows';
      cases.push({
        name: `ingest ${size}, ${ids} ids`,
        make: (pool) => ledgerIngest(pool, 2, events, 1000, ids),
        where,
      });
      cases.push({
        name: `unnest ${size}, ${ids} ids`,
        make: (pool) =>
          newEntries(2, events, 1000, ids, (streams, size) => unnestContestant(pool, streams, size)),
        where,
      });
    }
  }
  return interleaved(server, cases, rounds, progress);
}
