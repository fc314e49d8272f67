import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ClientConfig } from 'pg';
import { LOGICAL_TOPICS, type LogicalTopic } from '../contracts/fields.ts';
import { BUILT_IN_PROFILES, type Profile, parseProfile, topicNames } from '../contracts/profile.ts';
import type { Microseconds } from '../contracts/timestamp.ts';
import type { PrivacySource } from '../privacy/privacy.ts';
import type { SchemaSource } from '../schemas/schemaSource.ts';
import { databaseConnection } from './databaseConnection.ts';
import { type EventHubsSettings, eventHubsSettings } from './eventHubsConnection.ts';
import { readPrivacy } from './privacySettings.ts';
import type { Environment, Report } from './report.ts';
import { readSchemaSettings } from './schemaSettings.ts';
import { type StorageSettings, storageSettings } from './storageConnection.ts';
import { type TelemetrySettings, telemetrySettings } from './telemetrySettings.ts';

/** What the environment says, checked (SPEC 14). */
export interface Settings extends OperatorSettings {
  readonly eventHubs: EventHubsSettings;
  readonly consumerGroup: string;
  /** Six fields: the seconds come first. */
  readonly metricsSchedule: string;
  readonly deadLetterRetentionDays: number;
  /** How long after a window its events may still be on their way to the hub (SPEC 15). */
  readonly controlGraceSeconds: number;
  readonly telemetry: TelemetrySettings | undefined;
}

/** The part that says what the events are, where they come from and where they are kept. */
export interface OperatorSettings {
  readonly profile: Profile;
  /** Hub names; an empty `pair` or `control` switches its function off. */
  readonly topics: Readonly<Record<LogicalTopic, string>>;
  readonly maxClockSkew: Microseconds;
  readonly privacy: PrivacySource;
  /** Of topics in Avro. */
  readonly schemas: SchemaSource;
  /** Whether `USER_ID_MODE` is named, and not left to its default. */
  readonly userIdModeIsNamed: boolean;
  readonly database: ClientConfig;
  readonly databasePoolSize: number;
  /** Where commands need the hubs or the replay queue, they ask for these. */
  readonly eventHubs: EventHubsSettings | undefined;
  readonly consumerGroup: string | undefined;
  readonly storage: StorageSettings | undefined;
}

/** Every problem of the environment at once, each with the variable's name and what it should be. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `The settings are not valid; nothing was started.\n${problems.map((line) => `  - ${line}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

/**
 * The settings of the functions.
 * @throws SettingsError
 */
export function readSettings(environment: Environment): Settings {
  return checked((report) => {
    const { eventHubs, ...domain } = readDomainSettings(environment, report);
    const settings = {
      ...domain,
      ...(eventHubs && { eventHubs }),
      consumerGroup: required(
        environment,
        'EVENT_HUBS_CONSUMER_GROUP',
        'the consumer group to read as',
        report,
      ),
      metricsSchedule: readSchedule(environment, report),
      deadLetterRetentionDays: wholeNumber(environment, 'DLQ_RETENTION_DAYS', 14, 1, 3650, report),
      controlGraceSeconds: wholeNumber(environment, 'CONTROL_GRACE_SECONDS', 60, 0, 86_400, report),
      telemetry: telemetrySettings(environment),
    };
    checkConnections(eventHubs, environment, report);
    return settings;
  });
}

/**
 * The settings of a program that is no function: hubs and storage may be missing, a command that needs them says so.
 * @throws SettingsError
 */
export function readOperatorSettings(environment: Environment): OperatorSettings {
  return checked((report) => readDomainSettings(environment, report));
}

/** Without problems, nothing of what was read is undefined. */
function checked<S>(read: (report: Report) => Partial<S>): S {
  const problems: string[] = [];
  const settings = read((problem) => problems.push(problem));
  if (problems.length > 0) throw new SettingsError(problems);
  return settings as S;
}

function readDomainSettings(environment: Environment, report: Report): Partial<OperatorSettings> {
  const profile = readProfile(environment, report);
  return {
    ...(profile && {
      profile,
      topics: readTopics(environment, profile, report),
      schemas: readSchemaSettings(environment, profile, report),
    }),
    maxClockSkew: wholeNumber(environment, 'MAX_CLOCK_SKEW_SECONDS', 300, 0, 31_536_000, report) * 1_000_000,
    privacy: readPrivacy(environment, report),
    userIdModeIsNamed: (environment['USER_ID_MODE']?.trim() ?? '') !== '',
    database: databaseConnection(environment, report),
    databasePoolSize: wholeNumber(environment, 'DB_POOL_SIZE', 8, 1, 500, report),
    eventHubs: eventHubsSettings(environment, report),
    consumerGroup: environment['EVENT_HUBS_CONSUMER_GROUP']?.trim() || undefined,
    storage: storageSettings(environment),
  };
}

function readProfile(environment: Environment, report: Report): Profile | undefined {
  const file = environment['EVENT_PROFILE_FILE']?.trim();
  const id = environment['EVENT_PROFILE_ID']?.trim() || 'canonical-v1';
  try {
    if (file) return readProfileFile(file);
    if (Object.hasOwn(BUILT_IN_PROFILES, id)) return parseProfile(BUILT_IN_PROFILES[id], id);
    const known = Object.keys(BUILT_IN_PROFILES).join(', ');
    report(`EVENT_PROFILE_ID: there is no profile "${id}"; use one of ${known}, or EVENT_PROFILE_FILE.`);
  } catch (error) {
    report(`${file ? 'EVENT_PROFILE_FILE' : 'EVENT_PROFILE_ID'}: ${(error as Error).message}`);
  }
  return undefined;
}

/**
 * A profile from a file.
 * @throws Error that names the file and every problem.
 */
export function readProfileFile(file: string): Profile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    // Node's own message does not always name the file.
    throw new Error(`The contract profile ${file} can't be read: ${(error as Error).message}`);
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new Error(`The contract profile ${file} is no JSON: ${(error as Error).message}`);
  }
  const profile = parseProfile(data, file);
  const { avro_schemas: schemas } = profile;
  if (schemas === undefined) return profile;
  const fromHere = ([id, path]: [string, string]) => [id, join(dirname(file), path)];
  return { ...profile, avro_schemas: Object.fromEntries(Object.entries(schemas).map(fromHere)) };
}

const TOPIC_VARIABLE: Record<LogicalTopic, string> = {
  ledger: 'LEDGER_TOPIC',
  payment_order: 'PAYMENT_ORDER_TOPIC',
  pair: 'PAIR_TOPIC',
  control: 'CONTROL_TOPIC',
};

/** A variable beats the profile. Two functions on one hub would each see the other's events as malformed. */
function readTopics(
  environment: Environment,
  profile: Profile,
  report: Report,
): Record<LogicalTopic, string> {
  const topics = topicNames(profile);
  const owner = new Map<string, string>();
  for (const logicalTopic of LOGICAL_TOPICS) {
    const variable = TOPIC_VARIABLE[logicalTopic];
    const name = (environment[variable] ?? topics[logicalTopic]).trim();
    topics[logicalTopic] = name;
    if (name === '') {
      if (logicalTopic === 'ledger' || logicalTopic === 'payment_order')
        report(`${variable}: must be the name of a hub; it is empty.`);
      continue;
    }
    const other = owner.get(name.toLowerCase());
    if (other === undefined) owner.set(name.toLowerCase(), variable);
    else
      report(
        `${variable}: "${name}" is also the topic of ${other}; each logical topic needs a hub of its own.`,
      );
  }
  return topics;
}

function required(environment: Environment, name: string, meaning: string, report: Report): string {
  const value = environment[name]?.trim() ?? '';
  if (value === '') report(`${name}: is missing; it must be ${meaning}.`);
  return value;
}

function wholeNumber(
  environment: Environment,
  name: string,
  defaultValue: number,
  least: number,
  most: number,
  report: Report,
): number {
  const text = environment[name]?.trim();
  if (!text) return defaultValue;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  report(`${name}: must be a whole number from ${least} to ${most}.`);
  return defaultValue;
}

/** The host reads it; one that it can't read would leave the timer off. */
function readSchedule(environment: Environment, report: Report): string {
  const schedule = environment['METRICS_SCHEDULE']?.trim() || '*/30 * * * * *';
  if (!/^[\w*/,-]+( +[\w*/,-]+){5}$/.test(schedule)) {
    report(
      'METRICS_SCHEDULE: must be a cron expression of six fields, seconds first, such as */30 * * * * *.',
    );
  }
  return schedule;
}

/** Connections that the host opens by itself, from these names: a missing one would only fail later, elsewhere. */
function checkConnections(
  eventHubs: EventHubsSettings | undefined,
  environment: Environment,
  report: Report,
): void {
  if (eventHubs === undefined) {
    report(
      'EventHubs: is missing; it must be a connection string, or EventHubs__fullyQualifiedNamespace must name the ' +
        'namespace (NAME.servicebus.windows.net) for a managed identity.',
    );
  }
  const storage = [
    'AzureWebJobsStorage',
    'AzureWebJobsStorage__accountName',
    'AzureWebJobsStorage__blobServiceUri',
  ];
  if (storage.every((name) => (environment[name]?.trim() ?? '') === '')) {
    report(
      'AzureWebJobsStorage: is missing; it must be a connection string, or AzureWebJobsStorage__accountName must ' +
        'name the storage account for a managed identity.',
    );
  }
}
