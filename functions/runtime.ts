import { app } from '@azure/functions';
import type pg from 'pg';
import { AttemptMarks } from '../shared/ingest/attemptMarks.ts';
import { measureCheckouts } from '../shared/metrics/measureCheckouts.ts';
import { Telemetry } from '../shared/metrics/telemetry.ts';
import { readPackageIdentity } from '../shared/settings/packageIdentity.ts';
import { readSettings, type Settings } from '../shared/settings/settings.ts';
import { openDatabase } from '../shared/store/database.ts';
import { recordPackage } from '../shared/store/metrics/packages.ts';

/**
 * One per process: the settings, read at start, the pool that all functions share, and the telemetry. A wrong setting ends the
 * loading of the app: the message is on stderr, and the host goes on with no function.
 */
export const settings: Settings = readSettings(process.env);

/** `undefined` where the app was not built by `npm run build` or `npm run package`. */
export const packageIdentity = readPackageIdentity(__dirname);
console.log(JSON.stringify({ message: 'app starts', package: packageIdentity ?? 'unknown' }));

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

const NOTED_EVERY_MS = 20_000;
let notedAt = -Infinity;

/** Notes which package runs here, at most every 20 s; the batch that is done does not wait for it. */
export function notePackage(): void {
  if (packageIdentity === undefined || performance.now() - notedAt < NOTED_EVERY_MS) return;
  notedAt = performance.now();
  recordPackage(marks, packageIdentity).catch(() => {
    notedAt = -Infinity;
  });
}

if (settings.telemetry) measureCheckouts(database, (seconds) => telemetry.recordCheckout(seconds));

app.hook.appTerminate(async () => {
  await Promise.all([database.end(), marks.end(), telemetry.end()]);
});
