import { userInfo } from 'node:os';
import type pg from 'pg';
import { type ConnectHub, HubReader } from '../../shared/replay/hubReader.ts';
import {
  type EventHubsSettings,
  eventHubsSettings,
  hubConnector,
  namespaceOf,
} from '../../shared/settings/eventHubsConnection.ts';
import { type OperatorSettings, readOperatorSettings } from '../../shared/settings/settings.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { Complaint } from '../terminal/exit.ts';
import { hideFromDriver, type TargetEnvironment, targetEnvironment } from './environment.ts';
import { targetLine } from './targetLine.ts';
import { watchLocks } from './watchLocks.ts';

/** What a command works on. */
export interface Target {
  readonly settings: OperatorSettings;
  readonly database: pg.Pool;
}

/** Somebody waits: a part that does not answer in this time is said to be away. */
export const ANSWERS_WITHIN_MS = 4000;

/**
 * The settings of this process; without those of a deployment, the local cloud's. Says on standard error what they name.
 * @throws SettingsError that names every problem; Complaint where two of them contradict each other.
 */
export function targetSettings(): OperatorSettings {
  const { settings: environment, note } = ownEnvironment();
  const settings = readOperatorSettings(environment);
  console.error(targetLine(settings));
  if (note !== undefined) console.error(note);
  return settings;
}

/**
 * The hubs alone: to read samples of one needs no database. Says on standard error which namespace it is.
 * @throws Complaint
 */
export function targetEventHubs(): EventHubsSettings {
  const settings = eventHubsSettings(ownEnvironment().settings, (problem) => {
    throw new Complaint(problem);
  });
  console.error(`Target: Event Hubs ${namespaceOf(namespaceRequired(settings))}`);
  return namespaceRequired(settings);
}

/**
 * The namespace of a command that can do nothing without it.
 * @throws Complaint
 */
export function namespaceRequired(settings: EventHubsSettings | undefined): EventHubsSettings {
  if (settings === undefined) {
    throw new Complaint(
      'EventHubs, or EventHubs__fullyQualifiedNamespace, is missing: there is no namespace.',
    );
  }
  return settings;
}

/** Makes clients of hubs for somebody who waits: nothing is tried for minutes. */
export function hubConnection(settings: EventHubsSettings): ConnectHub {
  return hubConnector(settings, { retryOptions: { maxRetries: 1, retryDelayInMs: 300 } });
}

/** Reads hubs for somebody who waits: what is away is said after seconds. */
export function hubReader(settings: EventHubsSettings): HubReader {
  return new HubReader(hubConnection(settings), ANSWERS_WITHIN_MS);
}

/**
 * Why a consumer group can't be read as, in a few words; `undefined` where it can. A reader without an owner level does not
 * disturb those that have one, and is sent away by them: so somebody reads.
 */
export async function consumerGroupAnswers(
  settings: EventHubsSettings,
  group: string,
  hub: string,
): Promise<string | undefined> {
  const client = await hubConnector(settings, { retryOptions: { maxRetries: 0 } }, group)(hub);
  const answer = Promise.withResolvers<string | undefined>();
  const late = setTimeout(() => answer.resolve('it does not answer'), ANSWERS_WITHIN_MS);
  client.subscribe(
    '0',
    {
      processEvents: async () => answer.resolve(undefined),
      processError: async (error) => {
        const { code, message, name } = error as Error & { code?: string };
        answer.resolve(code === 'ReceiverDisconnectedError' ? undefined : message || (code ?? name));
      },
    },
    {
      startPosition: { offset: '@latest' },
      maxBatchSize: 1,
      maxWaitTimeInSeconds: 1,
      skipParsingBodyAsJson: true,
    },
  );
  try {
    return await answer.promise;
  } finally {
    clearTimeout(late);
    // Without an answer, it would try to say goodbye for minutes.
    void client.close().catch(() => {});
  }
}

function ownEnvironment(): TargetEnvironment {
  const environment = targetEnvironment({ ...process.env });
  hideFromDriver(process.env);
  return environment;
}

/** @throws SettingsError that names every problem; Complaint where two settings contradict each other. */
export async function withTarget<V>(work: (target: Target) => Promise<V>): Promise<V> {
  const settings = targetSettings();
  const database = openDatabase({
    connection: settings.database,
    poolSize: settings.databasePoolSize,
    onIdleError: () => {},
    connectWithinMs: 5000,
  });
  const locks = watchLocks(database, settings.database, (text) => console.error(text));
  try {
    return await work({ settings, database });
  } finally {
    locks.end();
    await database.end();
  }
}

/** Who the audit log names, unless `--as` says another. */
export function operatorName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no name.
    return process.env['USER'] ?? 'unknown';
  }
}
