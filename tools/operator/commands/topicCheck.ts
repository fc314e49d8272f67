import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { ALERT_FILE } from '../../../infra/alerts/alerts.ts';
import { RECORD_TOPICS, type RecordTopic } from '../../../shared/contracts/fields.ts';
import { BUILT_IN_PROFILES, type Profile, parseProfile } from '../../../shared/contracts/profile.ts';
import { localTimeZone } from '../../../shared/contracts/timestamp.ts';
import type { SchemaSource } from '../../../shared/schemas/schemaSource.ts';
import { readSchemaSettings } from '../../../shared/settings/schemaSettings.ts';
import { readProfileFile } from '../../../shared/settings/settings.ts';
import { hubConnection, hubReader, targetEventHubs } from '../../target/target.ts';
import { Complaint, EXIT } from '../../terminal/exit.ts';
import { wholeNumber } from '../../terminal/options.ts';
import { checkOutputs } from '../../terminal/outputFiles.ts';
import { shortName, userPath } from '../../terminal/userPath.ts';
import { checkTopic, type ReadSamples } from '../topicCheck/check.ts';
import type { Thresholds } from '../topicCheck/evidence.ts';
import type { TopicReport } from '../topicCheck/report.ts';
import { pageOf } from '../topicReport/page.ts';
import { markdownText, terminalText } from '../topicReport/render.ts';
import { en } from '../topicReport/words/en.ts';
import { ko } from '../topicReport/words/ko.ts';
import { type HubPart, spoolHub } from '../topicSamples/hubSamples.ts';
import { samplesWithSchemas } from '../topicSamples/sampleSchemas.ts';
import { samplesOfFiles, samplesOfSpool, spoolStandardInput } from '../topicSamples/samples.ts';
import { Spool } from '../topicSamples/spool.ts';

interface Options {
  file?: string;
  hub?: string;
  last?: number;
  minutes?: number;
  topic?: RecordTopic;
  profile?: string;
  timeZone?: string;
  clockSkew: number;
  json?: boolean;
  markdown?: string;
  lang: keyof typeof LANGUAGES;
  proposeProfile?: string;
}

const LANGUAGES = { en, ko };
const LAST = 10_000;
/** Records and pairs that are followed; beyond, the numbers are an estimate from a part of them. */
const RECORD_LIMIT = 100_000;

export function topicCheckCommand(): Command {
  return new Command('topic-check')
    .description('Whether a topic can be used: from samples of it, or from a hub.')
    .option(
      '--file <path>',
      'samples: NDJSON (gzip too), a JSON file, a folder of these; - is standard input',
    )
    .option('--hub <name>', 'read a hub instead; no checkpoint is touched')
    .option('--last <n>', `with --hub: the last n events (default: ${LAST})`, wholeNumber(1))
    .option('--minutes <n>', 'with --hub: the events of the last n minutes', wholeNumber(1))
    .addOption(
      new Option('--topic <name>', 'what the messages are (default: guessed)').choices(RECORD_TOPICS),
    )
    .option('--profile <file>', 'a profile to try besides the built-in ones')
    .option('--time-zone <zone>', 'IANA zone of times without an offset, where somebody knows it', timeZone)
    .option('--clock-skew <seconds>', 'how far updated_at may lie in the future', wholeNumber(0), 300)
    .option('--json', 'write JSON')
    .option('--markdown <file>', 'write a page for the producing team as well')
    .addOption(
      new Option('--lang <language>', 'language of page and terminal').choices(['en', 'ko']).default('en'),
    )
    .option('--propose-profile <file>', 'write the profile with which the samples are read')
    .addHelpText(
      'after',
      `
A line of a sample file is a message's body, or a body with the broker's data:
  {"partition":0,"sequence_number":12,"enqueued_at":"2026-11-22T10:00:00Z","key":"tx-1","body":{...}}
(body_base64 for one that is no JSON object; schema_id for Avro whose content type names it.) Avro needs its schemas:
SCHEMA_REGISTRY_URL, AZURE_SCHEMA_REGISTRY_URL, or avro_schemas of --profile.
 Without these, key and partitions are not known.

Examples:
  npm run cli -- topic-check --file samples.ndjson --topic ledger --propose-profile profile.json
  npm run cli -- topic-check --hub order-events --minutes 30 --markdown page.md --lang ko
Ids and amounts are never shown: only names, formats, lengths and counts. More: docs/topic-check.md.
Exit code 0 where the topic can be used as it is (or with --profile), 1 where there is something to do: a profile to
load, or something to ask the producer for.`,
    )
    .action((options: Options) => run(options));
}

function timeZone(text: string): string {
  if (localTimeZone(text) === undefined) throw new InvalidArgumentError('It is no IANA time zone.');
  return text;
}

async function run(options: Options): Promise<void> {
  const { file, hub, lang, json = false } = options;
  if ((file === undefined) === (hub === undefined)) {
    throw new Complaint('Name the samples: --file PATH, or --hub NAME.');
  }
  if (hub === undefined && (options.last !== undefined || options.minutes !== undefined)) {
    throw new Complaint('--last and --minutes say how much of a hub is read: add --hub.');
  }
  if (options.last !== undefined && options.minutes !== undefined) {
    throw new Complaint('--last and --minutes both say how much is read: use one.');
  }
  const pathOf = (name: string | undefined) => name && userPath(name);
  const page = { '--markdown': pathOf(options.markdown) };
  const samples = { '--file': pathOf(file) };
  checkOutputs({ ...samples, '--profile': pathOf(options.profile) }, page);
  // Not --profile: what is proposed holds what is given, and one file grows a topic at a time.
  checkOutputs({ ...samples, ...page }, { '--propose-profile': pathOf(options.proposeProfile) });
  const given = options.profile === undefined ? undefined : profileOf(userPath(options.profile));
  const spool = hub !== undefined || file === '-' ? new Spool() : undefined;
  try {
    const builtIn = Object.entries(BUILT_IN_PROFILES).map(([id, data]) => parseProfile(data, id));
    const source = schemaSourceFor(given ?? builtIn[0]!);
    const { read, schemas } = samplesWithSchemas(await readSamples(options, spool), source);
    const { report, profile } = await checkTopic(read, {
      topic: options.topic,
      hub,
      given,
      timeZone: options.timeZone,
      builtIn,
      schemas,
      thresholds: thresholds(),
      maxClockSkew: options.clockSkew * 1_000_000,
      recordLimit: RECORD_LIMIT,
    });
    if (report.samples.received === 0) throw new Complaint('There is no message among the samples.');
    const words = LANGUAGES[lang];
    if (options.markdown !== undefined) {
      writeFileSync(userPath(options.markdown), markdownText(pageOf(report, words, true)));
    }
    if (json) console.log(JSON.stringify(report));
    else console.log(terminalText(pageOf(report, words, false)));
    if (options.proposeProfile !== undefined) propose(userPath(options.proposeProfile), profile, report);
    else if (report.verdict === 'ready_with_profile')
      console.error('--propose-profile FILE writes the profile.');
    if (report.verdict !== 'ready') process.exitCode = EXIT.left;
  } finally {
    spool?.close();
  }
}

function profileOf(path: string): Profile {
  try {
    return readProfileFile(path);
  } catch (error) {
    throw new Complaint((error as Error).message);
  }
}

/** The registries that the settings name, and the files of the profile. */
function schemaSourceFor(profile: Profile): SchemaSource {
  const problems: string[] = [];
  const source = readSchemaSettings(process.env, profile, (problem) => problems.push(problem));
  if (problems.length > 0) throw new Complaint(problems.join('\n'));
  return source;
}

async function readSamples(
  { file, hub, last = LAST, minutes }: Options,
  spool?: Spool,
): Promise<ReadSamples> {
  const now = Date.now() * 1000;
  if (spool === undefined) return samplesOfFiles(userPath(file!), now);
  if (hub === undefined) await spoolStandardInput(spool);
  else {
    const part: HubPart = minutes === undefined ? { last } : { minutes };
    let reportedAt = performance.now();
    let events = 0;
    const eventHubs = targetEventHubs();
    await spoolHub(hubReader(eventHubs), hubConnection(eventHubs), hub, part, spool, (read) => {
      events = read;
      if (performance.now() - reportedAt < 2000) return;
      reportedAt = performance.now();
      console.error(`${hub}: ${read} events read ...`);
    });
    console.error(`${hub}: ${events} events read, done.`);
  }
  return samplesOfSpool(spool, hub ?? shortName('-'), now);
}

/** The limits that the alerts have. */
function thresholds(): Thresholds {
  const limit = (name: string) => ALERT_FILE.alerts.find((alert) => alert.name === name)!.threshold;
  return {
    metadata_coverage_ratio: limit('MetadataCoverageLow'),
    core_violation_rate: limit('ContractCoreViolationHigh'),
    alias_hit_ratio: limit('AliasHitHigh'),
    version_missing_ratio: limit('VersionMissingHigh'),
  };
}

function propose(path: string, profile: Profile, report: TopicReport): void {
  writeFileSync(path, `${JSON.stringify(profile, null, 2)}\n`);
  // The one that was judged: a profile that is given and one that is proposed after it have the same id.
  const accepted = Math.max(
    ...report.profiles.filter(({ id }) => id === profile.id).map((one) => one.accepted),
  );
  console.error(
    `${path}: reads ${accepted} of ${report.samples.received} messages. EVENT_PROFILE_FILE=${path}, or npm start -- --profile ${path}.`,
  );
}
