import type { Reading } from './reading.ts';
import type { Member } from './survey.ts';

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
/** So many that are this far from the others, in quarters of an hour, are in another zone. */
const OTHER_ZONE = { share: 0.05, quarters: 4 } as const;

/** The zone of the times without an offset: given, or from how far they are ahead of times that are known. */
export function findZone(reading: Reading, given: string | undefined): ZoneFinding {
  const local = reading.fields.flatMap(({ field, chosen }) =>
    chosen
      .filter(({ member }) => field.kind === 'timestamp' && hasLocalTimes(member))
      .map(({ member }) => ({ field: field.name, member })),
  );
  if (local.length === 0) return { kind: 'none' };
  if (given !== undefined) return { kind: 'known', zone: given, from: 'given' };
  const offsets = new Set(local.flatMap(({ member }) => offsetOf(member.ahead) ?? []));
  // A profile has one zone: where two fields are in different ones, it would read one of them wrong.
  const offset = offsets.size === 1 ? [...offsets][0] : undefined;
  const zone = offset === undefined ? undefined : SURE_ZONES[offset];
  if (zone !== undefined) return { kind: 'known', zone, from: 'samples' };
  return { kind: 'unknown', fields: [...new Set(local.map(({ field }) => field))], offset };
}

function hasLocalTimes({ formats }: Member): boolean {
  return formats.has('time_without_offset') || formats.has('date_parts');
}

/** The offset, in minutes, on which nearly all times of a member agree. */
function offsetOf(ahead: ReadonlyMap<number, number>): number | undefined {
  const sightings = [...ahead].sort((a, b) => b[1] - a[1]);
  const total = sightings.reduce((sum, [, count]) => sum + count, 0);
  const [most] = sightings;
  if (most === undefined || most[1] < AGREEING_SHARE * total) return undefined;
  const others = sightings.some(
    ([quarters, count]) =>
      Math.abs(quarters - most[0]) > OTHER_ZONE.quarters && count >= OTHER_ZONE.share * total,
  );
  return others ? undefined : most[0] * 15;
}
