import type { RecordTopic } from '../../../shared/contracts/fields.ts';
import { contractOf, type Profile } from '../../../shared/contracts/profile.ts';
import type { PreparationRules } from '../../../shared/ingest/prepare.ts';
import type { Candidate, CheckOptions, Thresholds } from './evidence.ts';
import { readsAll } from './propose.ts';
import type { Reading } from './reading.ts';
import type { Ratio } from './report.ts';
import { Tally } from './tally.ts';
import { findZone, type ZoneFinding } from './zone.ts';

/** A hub of a name that a profile knows. */
export function topicOfHub({ hub, given, builtIn }: CheckOptions): RecordTopic | undefined {
  if (hub === undefined) return undefined;
  for (const { topics } of [...(given === undefined ? [] : [given]), ...builtIn]) {
    for (const [topic, rules] of Object.entries(topics)) {
      if (rules.topic.toLowerCase() === hub.toLowerCase()) return topic as RecordTopic;
    }
  }
  return undefined;
}

/** The built-in profiles differ in the names of their hubs. */
export function fittingBuiltIn({ builtIn, hub }: CheckOptions, topic: RecordTopic): Profile {
  return builtIn.find(({ topics }) => topics[topic].topic === hub) ?? builtIn[0]!;
}

/** Whoever made a profile with another zone than the usual one knew it. */
export function zoneOf(reading: Reading, { given, timeZone }: CheckOptions): ZoneFinding {
  const ofProfile = given?.topics[reading.topic].time_zone;
  return findZone(reading, timeZone ?? (ofProfile === 'UTC' ? undefined : ofProfile));
}

export function candidate(
  source: Candidate['source'],
  profile: Profile,
  topic: RecordTopic,
  { hub, maxClockSkew, schemas }: CheckOptions,
): Candidate {
  const contract = contractOf(profile, topic, hub ?? profile.topics[topic].topic);
  const rules: PreparationRules<RecordTopic> = { contract, maxClockSkew };
  return { source, profile, tally: new Tally(rules, schemas) };
}

/** The first that passes: a given one, a built-in one that misses nothing, the proposed one; else what accepts most. */
export function bestOf(
  candidates: readonly Candidate[],
  reading: Reading,
  proposed: Profile,
  { thresholds }: CheckOptions,
): Candidate {
  const zoneOfTopic = (profile: Profile) => profile.topics[reading.topic].time_zone;
  const complete = candidates.filter(({ source, profile }) =>
    // Who gave a profile may leave fields unread, but not read times hours off: nothing would tell.
    source === 'given'
      ? zoneOfTopic(profile) === zoneOfTopic(proposed)
      : source === 'proposed' || readsAll(profile, proposed, reading),
  );
  const passing = complete.find(({ tally }) => passes(tally, thresholds));
  if (passing !== undefined) return passing;
  const rank = ({ tally }: Candidate) => tally.accepted - tally.versionMissing / (tally.received + 1);
  return complete.reduce((best, other) => (rank(other) > rank(best) ? other : best));
}

function passes(tally: Tally<RecordTopic>, thresholds: Thresholds): boolean {
  const rejected = tally.received - tally.accepted;
  return (
    tally.accepted > 0 &&
    rejected <= thresholds.core_violation_rate * tally.accepted &&
    ratiosOf(tally, thresholds).every(({ name, ok }) => ok || name === 'alias_hit_ratio')
  );
}

/** The four ratios, as the last seven days would show them if every message were like these (SPEC 9). */
export function ratiosOf(tally: Tally<RecordTopic>, thresholds: Thresholds): Ratio[] {
  const { accepted, received, versionMissing, coreViolation, aliasHit } = tally;
  const ratio = (name: Ratio['name'], part: number, whole: number, at_least: boolean): Ratio => {
    const threshold = thresholds[name];
    if (whole === 0) return { name, value: null, threshold, at_least, ok: false };
    const value = at_least ? 1 - part / whole : part / whole;
    return { name, value, threshold, at_least, ok: at_least ? value >= threshold : value <= threshold };
  };
  return [
    ratio('metadata_coverage_ratio', versionMissing, accepted, true),
    ratio('core_violation_rate', coreViolation, accepted, false),
    ratio('alias_hit_ratio', aliasHit, received, false),
    ratio('version_missing_ratio', versionMissing, accepted, false),
  ];
}
