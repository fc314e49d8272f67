import type { RecordTopic } from '../../../shared/contracts/fields.ts';
import { confirmation, entry } from '../../proof/exampleEvents.ts';
import { ingestContestant } from './contestants.ts';
import { interleaved, type Progress, type Results } from './core.ts';
import type { BenchServer } from './database.ts';
import { BenchPartition } from './workload.ts';

/** Entries of a group: the usual payment, one with many parts, and an id that somebody uses for everything. */
const SIZES = [2, 1000, 200_000] as const;
/** Changes of a measurement, each a batch of its own: a batch counts once for its group. */
const CHANGES = 400;

/** The groups that are changed: of the usual size, a new one for each change. */
const groupsOf = (size: number) => (size === SIZES[0] ? CHANGES : 1);
const groupOf = (size: number, change: number) => `group-${change % groupsOf(size)}`;
const idOf = (group: string, index: number) => `${group}-${index}`;
const moved = (txId: string, to: string) =>
  entry(txId, { related_id: to, version: 2, updated_at: '2026-11-22T11:30:00Z' });

/** What is done to a group; `change` counts from 0. */
const KINDS: Record<
  string,
  { topic: RecordTopic; body: (group: string, change: number, size: number) => object }
> = {
  'one more entry': {
    topic: 'ledger',
    body: (group, change) => entry(`more-${change}`, { related_id: group }),
  },
  'a move out': {
    topic: 'ledger',
    body: (group, change, size) => moved(idOf(group, Math.floor(change / groupsOf(size))), `left-${change}`),
  },
  'a move in': { topic: 'ledger', body: (group, change) => moved(`outside-${change}`, group) },
  'a confirmation': {
    topic: 'pair',
    body: (group, change) => confirmation(group, { version: change + 1 }),
  },
};

const caseName = (kind: string, size: number) => `${kind}, group of ${size}`;

/** The cost of a change against that in a group of the usual size, by kind and size; for `targetsOf`. */
export function hotGroupRatios(): { name: string; rate: string; against: string }[] {
  return Object.keys(KINDS).flatMap((kind) =>
    SIZES.slice(1).map((size) => ({
      name: `${kind} in a group of ${size.toLocaleString('en')}, its cost against that in a group of 2`,
      rate: caseName(kind, size),
      against: caseName(kind, SIZES[0]),
    })),
  );
}

/** Changes of groups of each size, one at a time: what they cost may not depend on the group (SPEC 5). */
export async function hotGroupCases(
  server: BenchServer,
  rounds: number,
  progress: Progress,
): Promise<Results> {
  for (const size of SIZES) {
    progress(`filling groups of ${size} ...`);
    await server.template(`group_of_${size}`, async (pool) => {
      const partition = new BenchPartition(100);
      const groups = Array.from({ length: groupsOf(size) }, (_, index) => groupOf(size, index));
      const inside = groups.flatMap((group) =>
        Array.from({ length: size }, (_, index) =>
          entry(idOf(group, index), {
            related_id: group,
            entry_type: index % 2 === 0 ? 'PAYMENT' : 'RECEIVE',
          }),
        ),
      );
      const outside = Array.from({ length: CHANGES }, (_, index) =>
        entry(`outside-${index}`, { related_id: `apart-${index}` }),
      );
      const events = [...inside, ...outside].map((body) => partition.event(body));
      await ingestContestant(pool, 'ledger', [events], 1000)();
    });
  }
  const cases = Object.entries(KINDS).flatMap(([kind, { topic, body }]) =>
    SIZES.map((size) => ({
      name: caseName(kind, size),
      where: { template: `group_of_${size}` },
      make: (pool: Parameters<typeof ingestContestant>[0]) => {
        const partition = new BenchPartition(0);
        // The first ones open connections and prepare statements.
        const warmUp = Array.from({ length: 20 }, (_, index) =>
          partition.event(
            topic === 'ledger'
              ? entry(`warm-${index}`, { related_id: `warm-${index}` })
              : confirmation(`warm-${index}`),
          ),
        );
        const events = Array.from({ length: CHANGES }, (_, change) =>
          partition.event(body(groupOf(size, change), change, size)),
        );
        return {
          events: CHANGES,
          prepare: ingestContestant(pool, topic, [warmUp], 1),
          run: ingestContestant(pool, topic, [events], 1),
        };
      },
    })),
  );
  return interleaved(server, cases, rounds, progress);
}
