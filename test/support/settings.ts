import assert from 'node:assert/strict';
import { readSettings, SettingsError } from '../../shared/settings/settings.ts';

/** Settings with nothing wrong. */
export const GOOD_SETTINGS = {
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  EventHubs: 'Endpoint=sb://127.0.0.1;SharedAccessKeyName=k;SharedAccessKey=v;UseDevelopmentEmulator=true;',
  EVENT_HUBS_CONSUMER_GROUP: 'group',
  DATABASE_URL: 'postgres://user:secret@127.0.0.1:5432/backoffice',
};

/** What is said of an environment; nothing where it is right. */
export function settingsProblems(environment: Record<string, string | undefined>): readonly string[] {
  try {
    readSettings(environment);
    return [];
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    return error.problems;
  }
}
