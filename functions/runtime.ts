import { app } from '@azure/functions';
import type pg from 'pg';
import { measureCheckouts } from '../shared/metrics/measureCheckouts.ts';
import { readSettings, type Settings } from '../shared/settings/settings.ts';
import { openDatabase } from '../shared/store/database.ts';
import { connectionString, endTelemetry, recordCheckout } from './telemetry.ts';

/**
 * One per process: the settings, read at start, and the pool that all functions share. A wrong setting ends the
 * loading of the app: the message is on stderr, and the host goes on with no function.
 */
export const settings: Settings = readSettings(process.env);

export function onIdleError(error: Error): void {
  console.error(`An idle connection to PostgreSQL ended (${error.name}).`);
}

export const database: pg.Pool = openDatabase({
  connection: settings.database,
  poolSize: settings.databasePoolSize,
  onIdleError,
});

if (connectionString) measureCheckouts(database, recordCheckout);

app.hook.appTerminate(async () => {
  await Promise.all([database.end(), endTelemetry()]);
});
