import type { LogicalTopic } from '../contracts/fields.ts';
import { KEY_OF } from '../contracts/records.ts';
import {
  comparePrecedence,
  invertsAxis,
  type LosingVerdict,
  losingVerdict,
  mixesAxes,
  type Positioned,
} from './precedence.ts';

export interface Compaction<T extends LogicalTopic, E extends Positioned<T>> {
  /** The event of highest precedence of each key, sorted by key. */
  readonly winners: readonly E[];
  /** The others: against which winner, and how they lost. */
  readonly losers: readonly Loser<E>[];
}

export interface Loser<E> {
  readonly event: E;
  readonly winner: E;
  readonly verdict: LosingVerdict;
  readonly mixesAxes: boolean;
  readonly invertsAxis: boolean;
}

/**
 * One winner a key (SPEC 3). Winners are sorted by UTF-16 code units: any order will do for taking locks as long
 * as every writer has the same one.
 */
export function compact<T extends LogicalTopic, E extends Positioned<T>>(
  topic: T,
  events: readonly E[],
  versionFirst: boolean,
): Compaction<T, E> {
  const keyOf = KEY_OF[topic];
  const highest = new Map<string, E>();
  let outranked = 0;
  for (const event of events) {
    const key = keyOf(event.record);
    const holder = highest.get(key);
    if (holder === undefined) highest.set(key, event);
    else {
      outranked++;
      if (comparePrecedence(event, holder, versionFirst) > 0) highest.set(key, event);
    }
  }
  const winners = [...highest].sort(byKey).map(([, event]) => event);
  if (outranked === 0) return { winners, losers: [] };

  const losers: Loser<E>[] = [];
  for (const event of events) {
    const winner = highest.get(keyOf(event.record))!;
    if (event === winner) continue;
    losers.push({
      event,
      winner,
      verdict: losingVerdict(topic, event, winner),
      mixesAxes: mixesAxes(event.record, winner.record, versionFirst),
      invertsAxis: invertsAxis(event, winner, versionFirst),
    });
  }
  return { winners, losers };
}

function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}
