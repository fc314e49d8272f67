import assert from 'node:assert/strict';
import { test } from 'vitest';
import { readOperatorSettings } from '../../../shared/settings/settings.ts';
import { clock } from '../../../tools/operator/doctor/database.ts';
import { hideFromDriver, targetEnvironment } from '../../../tools/target/environment.ts';
import { isElsewhere, targetLine } from '../../../tools/target/targetLine.ts';
import { Complaint } from '../../../tools/terminal/exit.ts';
import { sayer, TEXTS } from '../../../tools/texts/texts.ts';

const DEPLOYED = {
  DATABASE_URL: 'postgres://jo:s3cret@db.example.com/backoffice',
  EventHubs: 'Endpoint=sb://pay.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=v',
  AzureWebJobsStorage: 'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=k',
};
const settingsOf = (environment: Record<string, string>) =>
  readOperatorSettings(targetEnvironment(environment).settings);
const complaintOf = (environment: Record<string, string>): string => {
  try {
    targetEnvironment(environment);
    return '';
  } catch (error) {
    assert.ok(error instanceof Complaint);
    return error.message;
  }
};

const say = sayer(TEXTS.en.doctor);

test('the first line names database, login, namespace and profile, and nothing that is secret', () => {
  assert.equal(
    targetLine(settingsOf(DEPLOYED)),
    'Target: database backoffice at db.example.com:5432 as jo, Event Hubs pay.servicebus.windows.net, profile canonical-v1',
  );
  assert.equal(
    targetLine(settingsOf({ LOCAL_POSTGRES_PORT: '15432' })),
    'Target: database backoffice at 127.0.0.1:15432 as backoffice_operator, Event Hubs 127.0.0.1, profile canonical-v1 (this machine)',
  );
  const entra = { DATABASE_AUTH: 'entra', PGHOST: 'db.example.com', PGDATABASE: 'bo', PGUSER: 'group' };
  assert.equal(
    targetLine(settingsOf(entra)),
    'Target: database bo at db.example.com:5432 as group, no Event Hubs, profile canonical-v1',
  );
});

test('one part on another machine is enough to be elsewhere', () => {
  const here = {
    DATABASE_URL: 'postgres://jo@127.0.0.1/backoffice',
    EventHubs: 'Endpoint=sb://127.0.0.1;SharedAccessKeyName=k;SharedAccessKey=v;UseDevelopmentEmulator=true;',
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  };
  assert.equal(isElsewhere(settingsOf(here)), false);
  assert.equal(isElsewhere(settingsOf({})), false);
  for (const name of Object.keys(DEPLOYED) as (keyof typeof DEPLOYED)[]) {
    assert.equal(isElsewhere(settingsOf({ ...here, [name]: DEPLOYED[name] })), true, name);
  }
});

test('what the shell has for other clients of PostgreSQL never redirects a part, and is named', () => {
  const shell = { PGHOST: 'other', PGPORT: '9', PGUSER: 'me', PGPASSWORD: 'p', PGOPTIONS: '-c x=y' };
  const { settings, note } = targetEnvironment({ ...DEPLOYED, ...shell });
  assert.match(targetLine(readOperatorSettings(settings)), /backoffice at db\.example\.com:5432 as jo/);
  assert.equal(
    note,
    'Not used: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGOPTIONS of this shell. DATABASE_URL says where the database is.',
  );
  const { note: local } = targetEnvironment({ PGPORT: '9' });
  assert.equal(local, 'Not used: PGPORT of this shell. Nothing names a deployment: this is the local cloud.');
  assert.equal(targetEnvironment(DEPLOYED).note, undefined);
  const process: Record<string, string | undefined> = { ...shell, PATH: '/bin' };
  hideFromDriver(process);
  assert.deepEqual(process, { PATH: '/bin' });
});

test('settings that contradict each other are named', () => {
  assert.match(complaintOf({ PGHOST: 'db' }), /^PGHOST is set, and nothing says that it is meant/);
  assert.match(
    complaintOf({ ...DEPLOYED, DATABASE_AUTH: 'entra', PGHOST: 'db' }),
    /^DATABASE_URL and DATABASE_AUTH are both set/,
  );
  assert.match(
    complaintOf({ ...DEPLOYED, EventHubs__fullyQualifiedNamespace: 'n' }),
    /^EventHubs and EventHubs__fullyQualifiedNamespace/,
  );
});

test('a clock that is seconds off is wrong', () => {
  assert.equal(clock(900, say).state, 'ok');
  assert.deepEqual(
    [clock(61_000, say).state, clock(61_000, say).says],
    ['wrong', '61.0 s from the clock of the database'],
  );
});
