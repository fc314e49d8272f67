import { userInfo } from 'node:os';
import type pg from 'pg';
import { type EventHubsSettings, eventHubsSettings } from '../../shared/settings/eventHubsConnection.ts';
import type { Environment } from '../../shared/settings/report.ts';
import { type OperatorSettings, readOperatorSettings } from '../../shared/settings/settings.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { Complaint } from '../terminal/exit.ts';
import { localCloudFrom, localEnvironment, OPERATOR_LOGIN } from './localCloud.ts';

/** What a command works on. */
export interface Target {
  readonly settings: OperatorSettings;
  readonly database: pg.Pool;
}

/** Any of these says that a deployment is meant, and not the local cloud. */
const DEPLOYMENT_SETTINGS = ['DATABASE_URL', 'DATABASE_AUTH', 'PGHOST', 'EventHubs', 'AzureWebJobsStorage'];

/**
 * The settings of this process; without those of a deployment, the local cloud's.
 * @throws SettingsError that names every problem.
 */
export function targetSettings(): OperatorSettings {
  return readOperatorSettings(targetEnvironment());
}

/**
 * The hubs alone: to read samples of one needs no database.
 * @throws Complaint
 */
export function targetEventHubs(): EventHubsSettings {
  const settings = eventHubsSettings(targetEnvironment(), (problem) => {
    throw new Complaint(problem);
  });
  if (settings === undefined) {
    throw new Complaint(
      'EventHubs, or EventHubs__fullyQualifiedNamespace, is missing: there is no namespace.',
    );
  }
  return settings;
}

function targetEnvironment(): Environment {
  const named = Object.keys(process.env).some((name) =>
    DEPLOYMENT_SETTINGS.some((setting) => name === setting || name.startsWith(`${setting}__`)),
  );
  if (named) return process.env;
  return { ...localEnvironment(localCloudFrom(process.env), OPERATOR_LOGIN), ...process.env };
}

/** @throws SettingsError that names every problem. */
export async function withTarget<V>(work: (target: Target) => Promise<V>): Promise<V> {
  const settings = targetSettings();
  const database = openDatabase({
    connection: settings.database,
    poolSize: settings.databasePoolSize,
    onIdleError: () => {},
  });
  try {
    return await work({ settings, database });
  } finally {
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
