import { app } from '@azure/functions';
import type pg from 'pg';
import { AttemptMarks } from '../shared/ingest/attemptMarks.ts';
import { measureCheckouts } from '../shared/metrics/measureCheckouts.ts';
import { Telemetry } from '../shared/metrics/telemetry.ts';
import { readSettings, type Settings } from '../shared/settings/settings.ts';
import { openDatabase } from '../shared/store/database.ts';

/**
 * One per process: the settings, read at start, the pool that all functions share, and the telemetry. A wrong setting ends the
 * loading of the app: the message is on stderr, and the host goes on with no function.
 */
export const settings: Settings = readSettings(process.env);

export const telemetry = new Telemetry(settings.telemetry);

export function onIdleError(error: Error): void {
  console.error(`An idle connection to PostgreSQL ended (${error.name}).`);
}

export const database: pg.Pool = openDatabase({
  connection: settings.database,
  poolSize: settings.databasePoolSize,
  onIdleError,
});

// Not the pool of the batches: where they hang, they have all of its connections.
const marks: pg.Pool = openDatabase({ connection: settings.database, poolSize: 1, onIdleError });
export const attemptMarks = new AttemptMarks(marks);

if (settings.telemetry) measureCheckouts(database, (seconds) => telemetry.recordCheckout(seconds));

app.hook.appTerminate(async () => {
  await Promise.all([database.end(), marks.end(), telemetry.end()]);
});
