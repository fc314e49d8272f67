import type { LogicalTopic } from '../contracts/fields.ts';
import { type Contract, contractOf, type Profile } from '../contracts/profile.ts';
import type { Microseconds } from '../contracts/timestamp.ts';
import type { PreparationRules } from '../ingest/prepare.ts';
import type { PairingRule } from '../pairing/rule.ts';
import { findings } from './findings.ts';
import { History } from './history.ts';
import { proposeProfile, readsAll, readsPlace } from './propose.ts';
import { bestReading, type Place, type Reading } from './reading.ts';
import type { FieldReport, FormatShare, ProfileReport, Ratio, TopicReport } from './report.ts';
import type { Sample } from './sample.ts';
import { type Member, Survey } from './survey.ts';
import { shownName, Tally } from './tally.ts';
import { findZone, type ZoneFinding } from './zone.ts';

/** The limits of the four ratios (SPEC 9). */
export interface Thresholds {
  readonly metadata_coverage_ratio: number;
  readonly core_violation_rate: number;
  readonly alias_hit_ratio: number;
  readonly version_missing_ratio: number;
}

export interface CheckOptions {
  /** Guessed where it is not known. */
  readonly topic: LogicalTopic | undefined;
  /** Where it comes from, if from a hub: a proposed profile names it. */
  readonly hub: string | undefined;
  readonly builtIn: readonly Profile[];
  readonly given: Profile | undefined;
  /** The zone of times without an offset, if somebody knows it. */
  readonly timeZone: string | undefined;
  readonly thresholds: Thresholds;
  readonly maxClockSkew: Microseconds;
  readonly pairing: PairingRule;
  /** Records and pairs that are followed at once. */
  readonly recordLimit: number;
}

/** Reads all samples, in pages; each call reads the same ones from the start. */
export type ReadSamples = () => AsyncIterable<readonly Sample[]>;

export interface TopicCheck {
  readonly report: TopicReport;
  /** With it, the samples are read as the report says. */
  readonly profile: Profile;
}

/** A profile that the samples are read with, and what becomes of them. */
interface Candidate {
  readonly source: ProfileReport['source'];
  readonly profile: Profile;
  readonly tally: Tally<LogicalTopic>;
}

/**
 * Whether a topic can be ridden on, from samples of it. They are read three times: for what is in them, for what the
 * ingest makes of them under each profile, and for what the states of each record say together. What is kept of them is
 * counts, and records up to a limit.
 */
export async function checkTopic(read: ReadSamples, options: CheckOptions): Promise<TopicCheck> {
  const known = options.given ?? options.builtIn[0]!;
  const survey = new Survey(known);
  for await (const page of read()) for (const sample of page) survey.add(sample);
  const reading = bestReading(
    survey,
    options.topic ?? topicOfHub(options),
    options.given ?? options.builtIn[0]!,
  );
  const { topic } = reading;

  const builtIn = fittingBuiltIn(options, topic);
  const base = options.given ?? builtIn;
  const zone = zoneOf(reading, options);
  const id = options.given?.id ?? `proposed-${topic.replace('_', '-')}-v1`;
  const proposed = proposeProfile(base, survey, reading, zone, { id, hub: options.hub });
  const candidates = [
    ...(options.given === undefined ? [] : [candidate('given', options.given, topic, options)]),
    candidate('built-in', builtIn, topic, options),
    ...(readsAll(base, proposed, reading) ? [] : [candidate('proposed', proposed, topic, options)]),
  ];
  for await (const page of read()) {
    for (const sample of page) for (const { tally } of candidates) tally.add(sample);
  }

  const best = bestOf(candidates, reading, proposed, options);
  const { contract } = best.tally.rules;
  const history = new History(topic, contract.versionFirst, options.pairing, options.recordLimit);
  const again = new Tally(best.tally.rules);
  for await (const page of read()) {
    for (const sample of page) {
      const prepared = again.add(sample);
      if (prepared.accepted) history.add(prepared);
    }
  }
  const report = reportOf({ survey, reading, zone, candidates, best, proposed, history, options });
  return { report, profile: best.source === 'proposed' ? proposed : ofHub(best.profile, topic, options.hub) };
}

function ofHub(profile: Profile, topic: LogicalTopic, hub: string | undefined): Profile {
  if (hub === undefined || hub === profile.topics[topic].topic) return profile;
  const topics = { ...profile.topics, [topic]: { ...profile.topics[topic], topic: hub } };
  return { ...profile, topics };
}

/** A hub of a name that a profile knows. */
function topicOfHub({ hub, given, builtIn }: CheckOptions): LogicalTopic | undefined {
  if (hub === undefined) return undefined;
  for (const { topics } of [...(given === undefined ? [] : [given]), ...builtIn]) {
    for (const [topic, rules] of Object.entries(topics)) {
      if (rules.topic.toLowerCase() === hub.toLowerCase()) return topic as LogicalTopic;
    }
  }
  return undefined;
}

/** The built-in profiles differ in the names of their hubs. */
function fittingBuiltIn({ builtIn, hub }: CheckOptions, topic: LogicalTopic): Profile {
  return builtIn.find(({ topics }) => topics[topic].topic === hub) ?? builtIn[0]!;
}

/** Whoever made a profile with another zone than the usual one knew it. */
function zoneOf(reading: Reading, { given, timeZone }: CheckOptions): ZoneFinding {
  const ofProfile = given?.topics[reading.topic].time_zone;
  return findZone(reading, timeZone ?? (ofProfile === 'UTC' ? undefined : ofProfile));
}

function candidate(
  source: Candidate['source'],
  profile: Profile,
  topic: LogicalTopic,
  { hub, maxClockSkew, pairing }: CheckOptions,
): Candidate {
  const contract: Contract = contractOf(profile, topic, hub ?? profile.topics[topic].topic);
  const rules: PreparationRules<LogicalTopic> = { contract, maxClockSkew, pairing };
  return { source, profile, tally: new Tally(rules) };
}

/** The first that passes: a given one, a built-in one that misses nothing, the proposed one; else what accepts most. */
function bestOf(
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

function passes(tally: Tally<LogicalTopic>, thresholds: Thresholds): boolean {
  const rejected = tally.received - tally.accepted;
  return (
    tally.accepted > 0 &&
    rejected <= thresholds.core_violation_rate * tally.accepted &&
    ratiosOf(tally, thresholds).every(({ name, ok }) => ok || name === 'alias_hit_ratio')
  );
}

/** The four ratios, as the last seven days would show them if every message were like these (SPEC 9). */
function ratiosOf(tally: Tally<LogicalTopic>, thresholds: Thresholds): Ratio[] {
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

/** Everything that the report is made of. */
export interface Evidence {
  readonly survey: Survey;
  readonly reading: Reading;
  readonly zone: ZoneFinding;
  readonly candidates: readonly Candidate[];
  readonly best: Candidate;
  readonly proposed: Profile;
  readonly history: History<LogicalTopic>;
  readonly options: CheckOptions;
}

function reportOf(evidence: Evidence): TopicReport {
  const { survey, reading, zone, candidates, best, proposed, history, options } = evidence;
  const { tally } = best;
  const { accepted } = tally;
  const { contract } = tally.rules;
  const of = (count: number, whole: number) => (whole === 0 ? 0 : count / whole);
  const { records, pairs } = history;
  const facts = {
    topic: reading.topic,
    topic_guessed: options.topic === undefined && topicOfHub(options) === undefined,
    samples: {
      received: survey.samples,
      with_broker_data: survey.placed,
      all_members_seen: survey.membersComplete,
    },
    envelope: contract.envelope.map(shownName),
    fields: reading.fields.map((field) => fieldReport(field, survey, best.profile, reading.topic)),
    other_members: otherMembers(reading),
    profiles: candidates.map(({ source, profile, tally: { accepted: count, received } }) => ({
      id: profile.id,
      source,
      accepted: count,
      share: of(count, received),
      lacks: lacksOf(profile, proposed, reading),
    })),
    best_profile: best.profile.id,
    time_zone: {
      zone: zone.kind === 'known' ? zone.zone : null,
      evidence: zone.kind === 'known' ? zone.from : zone.kind,
    },
    ratios: ratiosOf(tally, options.thresholds),
    failures: tally.failures,
    keys:
      survey.placed === 0
        ? null
        : {
            without_key: survey.placed - survey.keyed,
            other_key: tally.keyMismatch,
            partitions: survey.partitions.size,
            largest_share: of(Math.max(...survey.partitions.values()), survey.placed),
            records_in_several_partitions: records.inSeveralPartitions,
          },
    order: {
      updated_at_share: of(tally.withUpdatedAt, accepted),
      version_share: of(tally.withVersion, accepted),
      neither_share: of(tally.versionMissing, accepted),
      first: contract.versionFirst ? ('version' as const) : ('updated_at' as const),
      records: records.followed,
      one_record_in: records.oneIn,
      further_states: records.repeated,
      late: records.late,
      duplicates: records.duplicates,
      ties: records.conflicts,
      mixed_axes: records.mixedAxes,
      contradictions: records.contradictions,
    },
    pairs:
      reading.topic !== 'ledger'
        ? null
        : {
            related_id_null_share: of(tally.relatedIdNull, accepted),
            entries: history.entryTypes,
            related_ids: pairs.followed,
            one_related_id_in: pairs.oneIn,
            complete: pairs.complete,
            ambiguous: pairs.ambiguous,
          },
  };
  const { asks, wishes } = findings(evidence, facts);
  const verdict =
    asks.length > 0 ? 'ask_producer' : best.source === 'proposed' ? 'ready_with_profile' : 'ready';
  return { verdict, ...facts, asks, wishes };
}

/** Asked of producers, though their absence is absorbed (SPEC 2). */
export const WANTED: Readonly<Record<LogicalTopic, readonly string[]>> = {
  ledger: ['related_id', 'updated_at', 'version'],
  payment_order: ['updated_at', 'version'],
  pair: ['version'],
};

function fieldReport(
  { field, chosen, others }: Reading['fields'][number],
  survey: Survey,
  profile: Profile,
  topic: LogicalTopic,
): FieldReport {
  const core: readonly string[] = profile.topics[topic].core;
  const found = (place: Place, used: boolean) => ({
    name: place.path.map(shownName).join('.'),
    used,
    unsure: place.weak,
    share: survey.objects === 0 ? 0 : place.member.present / survey.objects,
    readable: place.member.present === 0 ? 0 : place.readable / place.member.present,
    formats: formatShares(place.member),
  });
  return {
    field: field.name,
    need: core.includes(field.name) ? 'core' : WANTED[topic].includes(field.name) ? 'wanted' : 'optional',
    share: chosen.reduce((sum, { member }) => sum + member.present, 0) / Math.max(survey.objects, 1),
    found: [...chosen.map((place) => found(place, true)), ...others.map((place) => found(place, false))],
  };
}

function formatShares({ formats, present }: Member): FormatShare[] {
  return [...formats]
    .map(([format, count]) => ({ format, share: count / present }))
    .sort((a, b) => b.share - a.share);
}

const SHOWN_MEMBERS = 30;

/** Members of the payload that are no field. */
function otherMembers({ payload, fields }: Reading) {
  const known = new Set(
    fields.flatMap(({ chosen, others }) => [...chosen, ...others].map(({ member }) => member)),
  );
  const nested = (member: Member) => [...member.children.values()].some((child) => known.has(child));
  return [...payload.children.values()]
    .filter((member) => member.present > 0 && !known.has(member) && !nested(member))
    .slice(0, SHOWN_MEMBERS)
    .map((member) => ({ name: shownName(member.name), formats: formatShares(member) }));
}

/** What the samples have for fields and a profile does not read; and what else it says otherwise. */
function lacksOf(profile: Profile, proposed: Profile, reading: Reading): string[] {
  const rules = profile.topics[reading.topic];
  const wanted = proposed.topics[reading.topic];
  if (JSON.stringify(rules.envelope ?? []) !== JSON.stringify(wanted.envelope ?? [])) {
    return [`envelope: ${reading.envelope.map(shownName).join('.') || '-'}`];
  }
  const members = reading.fields.flatMap(({ field, chosen }) =>
    chosen
      .filter((place) => !readsPlace(rules.aliases, field.name, place))
      .map(({ path }) => path.map(shownName).join('.')),
  );
  return [
    ...members,
    ...(rules.time_zone === wanted.time_zone ? [] : [`time_zone: ${wanted.time_zone}`]),
    ...(rules.precedence[0] === wanted.precedence[0] ? [] : [`precedence: ${wanted.precedence.join(', ')}`]),
  ];
}
