import type pg from 'pg';
import { EVERY_OPEN, type ListedDeadLetter, listDeadLetters } from '../queries/listDeadLetters.ts';

/** What became of one dead letter that was to be brought in again. */
export interface ReplayOutcome {
  /** As it is now: what is still refused has today's reason. */
  readonly letter: ListedDeadLetter;
  readonly outcome: 'stored' | 'refused' | 'left alone';
}

/** These dead letters, the oldest first. */
export function lettersOf(database: pg.Pool, ids: readonly number[]): Promise<ListedDeadLetter[]> {
  const selection = { ...EVERY_OPEN, ids, status: 'all' } as const;
  return listDeadLetters(database, selection, { order: 'oldest first', behind: null, limit: ids.length });
}

/** What became of each dead letter since it was read. */
export async function replayOutcomes(
  database: pg.Pool,
  before: readonly ListedDeadLetter[],
): Promise<ReplayOutcome[]> {
  const attempts = new Map(before.map(({ dlq_id: id, attempts: count }) => [id, count]));
  const ids = before.map(({ dlq_id: id }) => Number(id));
  return (await lettersOf(database, ids)).map((letter) => ({
    letter,
    outcome: outcomeOf(letter, attempts.get(letter.dlq_id)!),
  }));
}

function outcomeOf({ resolved_at, attempts }: ListedDeadLetter, before: number): ReplayOutcome['outcome'] {
  if (resolved_at !== null) return 'stored';
  return attempts > before ? 'refused' : 'left alone';
}
