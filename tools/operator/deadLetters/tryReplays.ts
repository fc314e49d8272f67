import { KeyError } from '../../../shared/privacy/keyError.ts';
import { tryReplay } from '../../../shared/replay/replayDeadLetters.ts';
import { SchemaRegistryError } from '../../../shared/schemas/schemaRegistryError.ts';
import { nextDeadLetters } from '../../../shared/store/replay/nextDeadLetters.ts';
import type { Target } from '../../target/target.ts';

/** What a replay of a dead letter would come to now, by the contract; the database is not asked, and nothing is written. */
export type TriedReplay =
  | { readonly kind: 'stored' }
  /** No key at hand opens it, or these settings do not read its topic. */
  | { readonly kind: 'left alone' }
  | { readonly kind: 'refused'; readonly error: string; readonly detail: string }
  /** The key vault or the registry of schemas failed. */
  | { readonly kind: 'not tried'; readonly because: string };

/** Tries open dead letters by the replay's own code, whatever their attempts; one that is resolved is left out. */
export async function tryReplays(
  target: Target,
  ids: readonly number[],
): Promise<ReadonlyMap<number, TriedReplay>> {
  const all = { ids, topic: null, error: null, since: null, until: null };
  const ceiling = Math.max(...ids);
  const tried = new Map<number, TriedReplay>();
  for (let after = Math.min(...ids) - 1; after < ceiling; ) {
    const page = await nextDeadLetters(target.database, {
      ...all,
      after,
      ceiling,
      most: ids.length,
      maxAttempts: 2 ** 31 - 1,
    });
    for (const letter of page) tried.set(letter.id, await outcomeOf(target, letter));
    after = page.at(-1)?.id ?? ceiling;
  }
  return tried;
}

async function outcomeOf(target: Target, letter: Parameters<typeof tryReplay>[1]): Promise<TriedReplay> {
  const outcome = await tryReplay(target, letter).catch((error: unknown) => {
    if (error instanceof KeyError || error instanceof SchemaRegistryError) return error;
    throw error;
  });
  if (outcome instanceof Error) return { kind: 'not tried', because: outcome.message };
  if (typeof outcome === 'string') return { kind: outcome };
  return { kind: 'refused', ...outcome };
}
