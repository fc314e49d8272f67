import type { DumpTopic } from '../../../shared/contracts/fields.ts';
import type { RecordOf } from '../../../shared/contracts/records.ts';
import { KEY_OF } from '../../../shared/contracts/records.ts';
import { comparePrecedence, losingVerdict, type Positioned } from '../../../shared/precedence/precedence.ts';

/** How a record of a dump and the serving row of its key stand to each other. */
export type Finding =
  | 'same'
  /** Newer here than the dump is: no difference. */
  | 'since_changed'
  | 'missing'
  | 'extra'
  | 'older_here'
  | 'newer_here'
  | 'different_at_same_version';

/**
 * Compares by value: all business columns, and `updated_at` and `version`, which say which of two states is newer.
 * What reached the broker after the dump was made is not held against it.
 */
export function compareRecords<T extends DumpTopic>(
  topic: T,
  dumped: Positioned<T>,
  here: Positioned<T> | undefined,
  versionFirst: boolean,
): Finding {
  if (here === undefined) return 'missing';
  const [a, b] = [dumped.record, here.record];
  const sameRevision = a.updatedAt === b.updatedAt && a.version === b.version;
  if (sameRevision && losingVerdict(topic, dumped, here) === 'duplicate') return 'same';
  if (!sameRevision && comparePrecedence(dumped, here, versionFirst) > 0) return 'older_here';
  if (here.position.enqueuedAt > dumped.position.enqueuedAt) return 'since_changed';
  return sameRevision ? 'different_at_same_version' : 'newer_here';
}

/** The members in which two records of one key differ; texts, so that no digit is lost. */
export function differingMembers<T extends DumpTopic>(
  dumped: RecordOf<T>,
  here: RecordOf<T>,
): Record<string, { dump: string | null; here: string | null }> {
  const text = (value: unknown) => (value === null ? null : String(value));
  const names = Object.keys(dumped) as (keyof RecordOf<T> & string)[];
  return Object.fromEntries(
    names
      .filter((name) => text(dumped[name]) !== text(here[name]))
      .map((name) => [name, { dump: text(dumped[name]), here: text(here[name]) }]),
  );
}

export function keyOf<T extends DumpTopic>(topic: T, { record }: Positioned<T>): string {
  return KEY_OF[topic](record);
}
