import type { RecordTopic } from '../../../shared/contracts/fields.ts';
import type { NoRecord } from '../../../shared/contracts/openMessage.ts';
import type { Profile } from '../../../shared/contracts/profile.ts';
import { bestOf, candidate, fittingBuiltIn, topicOfHub, zoneOf } from './candidates.ts';
import type { CheckOptions, Thresholds } from './evidence.ts';
import { History } from './history.ts';
import { proposeProfile, readsAll } from './propose.ts';
import { bestReading } from './reading.ts';
import type { TopicReport } from './report.ts';
import type { Sample } from './sample.ts';
import { Survey } from './survey.ts';
import { Tally } from './tally.ts';
import { reportOf } from './topicReport.ts';

/** Reads all samples, in pages; each call reads the same ones from the start. */
export type ReadSamples = () => AsyncIterable<readonly Sample[]>;

export interface TopicCheck {
  readonly report: TopicReport;
  /** With it, the samples are read as the report says. */
  readonly profile: Profile;
}

/**
 * Whether the sync can use a topic as it is, from samples of it. They are read three times: for what is in them, for what the
 * ingest makes of them under each profile, and for what the states of each record say together. What is kept of them is
 * counts, and records up to a limit.
 */
export async function checkTopic(read: ReadSamples, options: CheckOptions): Promise<TopicCheck> {
  const known = options.given ?? options.builtIn[0]!;
  const survey = new Survey(known, options.schemas);
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
  const proposed = proposeProfile(base, survey, reading, zone, {
    id,
    hub: options.hub,
    ignored: kindsToIgnore(survey, options.thresholds),
  });
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
  const history = new History(topic, contract.versionFirst, options.recordLimit);
  const again = new Tally(best.tally.rules, options.schemas);
  for await (const page of read()) {
    for (const sample of page) {
      const prepared = again.add(sample);
      if (prepared.accepted) history.add(prepared);
    }
  }
  const report = reportOf({ survey, reading, zone, candidates, best, proposed, history, options });
  return { report, profile: best.source === 'proposed' ? proposed : ofHub(best.profile, topic, options.hub) };
}

/** What a dead letter each would be too much of. Whether the rows shall stay is asked (findings.ts). */
function kindsToIgnore(
  { noRecords, samples }: Survey,
  { core_violation_rate: limit }: Thresholds,
): NoRecord[] {
  const all = [...noRecords.values()].reduce((sum, count) => sum + count, 0);
  return all > limit * samples ? [...noRecords.keys()].sort() : [];
}

function ofHub(profile: Profile, topic: RecordTopic, hub: string | undefined): Profile {
  if (hub === undefined || hub === profile.topics[topic].topic) return profile;
  const topics = { ...profile.topics, [topic]: { ...profile.topics[topic], topic: hub } };
  return { ...profile, topics };
}
