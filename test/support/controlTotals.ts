import { ingest } from '../../shared/ingest/ingest.ts';
import { compareWindows } from '../../shared/store/control/compareWindows.ts';
import { Partition, rulesFor, total } from '../../tools/proof/exampleEvents.ts';
import type { TestDatabase } from './database.ts';

const HUBS = { ledger: 'ledger.entry.upserted', payment_order: 'payment.order.upserted' } as const;
let next = 0;

/** Ingests control totals of windows of a minute, each with its start. */
export async function totals(
  { pool }: TestDatabase,
  ...windows: readonly (readonly [start: string, change?: object])[]
): Promise<void> {
  const partition = new Partition(0, next);
  next += windows.length;
  const events = windows.map(([start, change]) => partition.event(total(start, change)));
  await ingest(rulesFor(pool, 'control', { topic: 'sync.control.total' }), events);
}

/** What the timer does once all hubs are read. */
export async function compared({ pool }: TestDatabase): Promise<void> {
  const topics = (['ledger', 'payment_order'] as const).map((source) => ({
    ...{ source, topic: HUBS[source], reached: Date.now() },
  }));
  await compareWindows(pool, topics, 0, 10_000);
}
