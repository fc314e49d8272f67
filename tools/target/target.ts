import { userInfo } from 'node:os';
import type pg from 'pg';
import type { Environment } from '../../shared/settings/report.ts';
import { type OperatorSettings, readOperatorSettings } from '../../shared/settings/settings.ts';
import { openDatabase } from '../../shared/store/database.ts';
import { localCloudFrom, localEnvironment, OPERATOR_LOGIN } from './localCloud.ts';

/** What a command works on. */
export interface Target {
  readonly environment: Environment;
  readonly settings: OperatorSettings;
  readonly database: pg.Pool;
}

/** Any of these says that a deployment is meant, and not the local cloud. */
const DEPLOYMENT_SETTINGS = ['DATABASE_URL', 'DATABASE_AUTH', 'PGHOST', 'EventHubs', 'AzureWebJobsStorage'];

/** The settings of this process; without those of a deployment, the local cloud's. */
export function targetEnvironment(): Environment {
  const named = Object.keys(process.env).some((name) =>
    DEPLOYMENT_SETTINGS.some((setting) => name === setting || name.startsWith(`${setting}__`)),
  );
  if (named) return process.env;
  return { ...localEnvironment(localCloudFrom(process.env), OPERATOR_LOGIN), ...process.env };
}

/** @throws SettingsError that names every problem. */
export async function withTarget<V>(work: (target: Target) => Promise<V>): Promise<V> {
  const environment = targetEnvironment();
  const settings = readOperatorSettings(environment);
  const database = openDatabase({
    connection: settings.database,
    poolSize: settings.databasePoolSize,
    onIdleError: () => {},
  });
  try {
    return await work({ environment, settings, database });
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
