import type { RecordTopic } from '../../../shared/contracts/fields.ts';
import type { Profile } from '../../../shared/contracts/profile.ts';
import { ratiosOf, topicOfHub } from './candidates.ts';
import type { Evidence } from './evidence.ts';
import { findings } from './findings.ts';
import { readsPlace } from './propose.ts';
import type { Place, Reading } from './reading.ts';
import type { FieldReport, FormatShare, TopicReport } from './report.ts';
import type { Member, Survey } from './survey.ts';
import { shownName, shownPath, shownStep } from './tally.ts';

/** What the samples say, as the report has it. */
export function reportOf(evidence: Evidence): TopicReport {
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
    envelope: contract.envelope.map(shownStep),
    fields: reading.fields.map((field) => fieldReport(field, survey, best.profile, reading.topic)),
    other_members: otherMembers(reading),
    profiles: candidates.map(({ source, profile, tally: { accepted: count, ignored, received } }) => ({
      id: profile.id,
      source,
      accepted: count,
      ignored,
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
      axis_inversions: records.inversions,
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
export const WANTED: Readonly<Record<RecordTopic, readonly string[]>> = {
  ledger: ['related_id', 'updated_at', 'version'],
  payment_order: ['updated_at', 'version'],
  pair: ['version'],
};

function fieldReport(
  { field, chosen, others }: Reading['fields'][number],
  survey: Survey,
  profile: Profile,
  topic: RecordTopic,
): FieldReport {
  const core: readonly string[] = profile.topics[topic].core;
  const found = (place: Place, used: boolean) => ({
    name: shownPath(place.path),
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
    return [`envelope: ${(wanted.envelope ?? []).map(shownStep).join('.') || '-'}`];
  }
  const members = reading.fields.flatMap(({ field, chosen }) =>
    chosen
      .filter((place) => !readsPlace(rules.aliases, field.name, place))
      .map(({ path }) => shownPath(path)),
  );
  return [
    ...members,
    ...(JSON.stringify(rules.operation) === JSON.stringify(wanted.operation)
      ? []
      : [`operation: ${shownPath(wanted.operation?.path ?? [])}`]),
    ...(rules.encoding === wanted.encoding ? [] : [`encoding: ${wanted.encoding ?? 'json'}`]),
    ...Object.entries(wanted.formats ?? {})
      .filter(([field, format]) => JSON.stringify(formatIn(rules, field)) !== JSON.stringify(format))
      .map(([field, format]) => `formats.${field}: ${format?.format}`),
    ...(wanted.ignored ?? [])
      .filter((kind) => rules.ignored?.includes(kind) !== true)
      .map((kind) => `ignored: ${kind}`),
    ...(rules.time_zone === wanted.time_zone ? [] : [`time_zone: ${wanted.time_zone}`]),
    ...(rules.precedence[0] === wanted.precedence[0] ? [] : [`precedence: ${wanted.precedence.join(', ')}`]),
  ];
}

function formatIn({ formats }: Profile['topics']['ledger'], field: string): unknown {
  return (formats as Readonly<Record<string, unknown>> | undefined)?.[field];
}
