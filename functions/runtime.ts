import { app } from '@azure/functions';
import { readSettings, type Settings, SettingsError } from '../shared/settings/settings.ts';
import { type Database, openDatabase } from '../shared/store/database.ts';

/** One per process: the settings, read at start, and the pool that all functions share. */
export const settings: Settings = settingsOrExit();

export const database: Database = openDatabase({
  connection: settings.database,
  poolSize: settings.databasePoolSize,
  onIdleError: (error) => console.error(`An idle connection to PostgreSQL ended (${error.name}).`),
});

app.hook.appTerminate(() => database.close());

/** The host says no more than "0 functions" of an app that fails to load: stderr is where people look. */
function settingsOrExit(): Settings {
  try {
    return readSettings(process.env);
  } catch (error) {
    if (error instanceof SettingsError) console.error(error.message);
    throw error;
  }
}
