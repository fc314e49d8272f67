import type { Reading } from './reading.ts';

/** What is known of the times that carry no offset. */
export type ZoneFinding =
  /** There are none among the fields. */
  | { readonly kind: 'none' }
  /** The samples, or whoever asked, say which zone they are in. */
  | { readonly kind: 'known'; readonly zone: string; readonly from: 'samples' | 'given' }
  /** Nobody can tell; where the samples show an offset, in minutes, it may be one of a zone whose clock changes. */
  | { readonly kind: 'unknown'; readonly fields: readonly string[]; readonly offset: number | undefined };

/** Offsets whose zone keeps them all year, and is the one that is meant. */
const SURE_ZONES: Readonly<Record<number, string>> = { 0: 'UTC', 540: 'Asia/Seoul' };
const AGREEING_SHARE = 0.8;

/** The zone of the times without an offset: told, or from how far they are ahead of times that are known. */
export function findZone(reading: Reading, given: string | undefined): ZoneFinding {
  const local = reading.fields.flatMap(({ field, chosen }) =>
    chosen
      .filter(({ member }) => field.kind === 'timestamp' && member.formats.has('time_without_offset'))
      .map(({ member }) => ({ field: field.name, member })),
  );
  if (local.length === 0) return { kind: 'none' };
  if (given !== undefined) return { kind: 'known', zone: given, from: 'given' };
  let offset: number | undefined;
  let bestShare = 0;
  for (const { member } of local) {
    let total = 0;
    for (const count of member.ahead.values()) total += count;
    for (const [quarters, count] of member.ahead) {
      if (count / total > bestShare) {
        bestShare = count / total;
        offset = quarters * 15;
      }
    }
  }
  if (bestShare < AGREEING_SHARE) offset = undefined;
  const zone = offset === undefined ? undefined : SURE_ZONES[offset];
  if (zone !== undefined) return { kind: 'known', zone, from: 'samples' };
  return { kind: 'unknown', fields: [...new Set(local.map(({ field }) => field))], offset };
}
