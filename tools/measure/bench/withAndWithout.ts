import type pg from 'pg';
import { ingestContestant } from './contestants.ts';
import { interleaved, ledgerIngest, type Progress, partitions, type Results } from './core.ts';
import type { BenchServer } from './database.ts';
import { orderEvents } from './workload.ts';

/** The write path of entries and of orders as it is, and on a template that lacks something, in turn. */
export function withAndWithout(
  server: BenchServer,
  { template, what }: { readonly template: string; readonly what: string },
  events: number,
  rounds: number,
  progress: Progress,
): Promise<Results> {
  const orders = (pool: pg.Pool) => ({
    events,
    run: ingestContestant(pool, 'payment_order', orderEvents(partitions(2), events, 'random'), 1000),
  });
  const entries = (pool: pg.Pool) => ledgerIngest(pool, 2, events, 1000, 'random');
  const cases = [
    { suffix: '', where: {} },
    { suffix: ` without ${what}`, where: { template } },
  ].flatMap(({ suffix, where }) => [
    { name: `entries${suffix}`, make: entries, where },
    { name: `orders${suffix}`, make: orders, where },
  ]);
  return interleaved(server, cases, rounds, progress);
}
