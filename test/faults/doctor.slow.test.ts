import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QueueClient } from '@azure/storage-queue';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { IDENTITY_FILE } from '../../shared/settings/packageIdentity.ts';
import { localCloudFrom, localEnvironment, OPERATOR_LOGIN } from '../../tools/target/localCloud.ts';
import { cli } from '../support/operatorCommands.ts';
import { until } from '../support/until.ts';
import { FaultBed } from './faultBed.ts';

// doctor on a cloud that is healthy, and with each part broken in turn.

const SEED = 84;
/** Of a command on a machine that does other things as well; the parts are given four seconds. */
const SAYS_WITHIN_MS = 40_000;

interface Said {
  readonly part: string;
  readonly state: 'ok' | 'wrong' | 'unknown';
  readonly says: string;
  readonly todo?: string;
}

describe(`doctor, seed ${SEED}`, () => {
  let bed: FaultBed;
  let environment: Record<string, string>;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    environment = localEnvironment(localCloudFrom(process.env), OPERATOR_LOGIN);
    await bed.startHost();
    await bed.publish(400);
    await bed.caughtUp();
  });
  afterAll(() => bed.stop());

  async function doctor(change: Record<string, string> = {}, ...words: string[]) {
    const startedAt = performance.now();
    const { code, out, err } = await cli(['doctor', '--json', ...words], { ...environment, ...change });
    assert.ok(performance.now() - startedAt < SAYS_WITHIN_MS, err);
    const said = JSON.parse(out) as Said[];
    return { code, said, wrong: said.filter(({ state }) => state === 'wrong') };
  }
  /** The one part that is wrong, what is said of it, and that something is to be done. */
  async function wrongPart(
    part: string,
    says: RegExp,
    change: Record<string, string> = {},
    ...words: string[]
  ) {
    const { code, wrong } = await doctor(change, ...words);
    assert.equal(code, 1);
    assert.deepEqual([...new Set(wrong.map((one) => one.part))], [part], JSON.stringify(wrong));
    assert.match(wrong[0]!.says, says);
    assert.notEqual(wrong[0]!.todo ?? '', '');
  }

  it('says of a healthy cloud that all is right', async () => {
    await until('every partition is held', 60_000, async () => (await doctor()).code === 0);
    const { said } = await doctor();
    assert.deepEqual(
      said.map(({ part, state }) => `${part} ${state}`),
      [
        ...['database', 'role', 'clock', 'migrations', 'functions'].map((part) => `${part} ok`),
        'package unknown',
        ...[
          'hubs',
          'hubs',
          'hubs',
          'hubs',
          'consumer group',
          'checkpoints',
          'lag',
          'queue',
          'keys',
          'schemas',
          'host settings',
        ].map((part) => `${part} ok`),
      ],
    );
    const { out } = await cli(['doctor'], environment);
    assert.match(out, /\nAll is right\.\n$/);
  });

  it('settings that are none, and a login without the role', async () => {
    await wrongPart('settings', /^DATABASE_URL: /, { DATABASE_URL: 'nonsense' });
    const { DATABASE_URL } = bed.cloud.environment;
    await wrongPart('role', /backoffice_functions is no member of bo_operator/, {
      DATABASE_URL: DATABASE_URL!,
    });
  });

  it('a database that is away, is another one, or takes no login', async () => {
    const change = (edit: (url: URL) => void) => {
      const url = new URL(environment['DATABASE_URL']!);
      edit(url);
      return { DATABASE_URL: url.href };
    };
    const says = async (to: Record<string, string>) => {
      const { code, wrong } = await doctor(to);
      assert.equal(code, 1);
      return wrong.find(({ part }) => part === 'database')?.says ?? '';
    };
    assert.match(
      await says(change((url) => Object.assign(url, { port: '9' }))),
      /cannot be reached at 127\.0\.0\.1:9/,
    );
    assert.match(await says(change((url) => Object.assign(url, { pathname: '/no_such' }))), /SQLSTATE 3D000/);
    assert.match(
      await says(change((url) => Object.assign(url, { password: 'wrong' }))),
      /the login was refused/,
    );
  });

  it('migrations and functions that are not those of this release', async () => {
    const name = '0010_explain';
    await bed.sql(`DELETE FROM sync.migrations WHERE name = '${name}'`);
    await wrongPart('migrations', /^missing: 0010_explain$/);
    await bed.sql(
      `INSERT INTO sync.migrations (name, run_on) VALUES ('${name}', now()), ('9999_later', now())`,
    );
    await wrongPart('migrations', /newer ones: 9999_later/);
    await bed.sql("DELETE FROM sync.migrations WHERE name = '9999_later'");
    await bed.sql("UPDATE sync.function_releases SET sha256 = 'x' || sha256");
    await wrongPart('functions', /holds others than these/);
    await bed.sql('UPDATE sync.function_releases SET sha256 = substr(sha256, 2)');
  });

  it('a package that runs and is not the one in hand', async () => {
    const zip = join(bed.cloud.stateDirectory, 'one.zip');
    writeFileSync(zip, zipSync({ [IDENTITY_FILE]: Buffer.from('a'.repeat(64)) }));
    const seen = (identity: string) =>
      bed.sql('DELETE FROM sync.packages', `INSERT INTO sync.packages (package) VALUES ('${identity}')`);
    await seen('b'.repeat(64));
    await wrongPart('package', /the app says that it is b{64}, and the zip is a{64}/, {}, '--package', zip);
    await seen('a'.repeat(64));
    const { code } = await doctor({}, '--package', zip);
    assert.equal(code, 0);
    await bed.sql('DELETE FROM sync.packages');
  });

  it('hubs: a wrong key, one that is missing, none named', async () => {
    const { EventHubs } = environment;
    const { code, wrong } = await doctor({ EventHubs: EventHubs!.replace('SAS_KEY_VALUE', 'WRONG') });
    assert.equal(code, 1);
    assert.match(wrong[0]!.says, /Event Hubs at 127\.0\.0\.1: the login was refused/);
    await wrongPart('hubs', /The hub no-such-hub could not be read .*could not be found/, {
      LEDGER_TOPIC: 'no-such-hub',
    });
    await wrongPart('hubs', /no namespace is named/, { EventHubs: '' });
  });

  it('events that were delivered past us', async () => {
    const [{ topic, seen }] = await bed.asAdmin(async (client) => {
      const { rows } = await client.query(
        "SELECT topic, seen::text FROM sync.partitions WHERE partition = 0 AND topic LIKE 'ledger%'",
      );
      return rows as [{ topic: string; seen: string }];
    });
    const set = (value: string) =>
      bed.sql(`UPDATE sync.partitions SET seen = ${value} WHERE topic = '${topic}' AND partition = 0`);
    await set("seen - '{[2,5)}'::int8multirange");
    await wrongPart('lag', /3 events were delivered past us/);
    await set(`'${seen}'::int8multirange`);
  });

  it('the queue: away, and with messages that were no request', async () => {
    const { AzureWebJobsStorage: storage } = environment;
    await wrongPart('queue', /dlq-replay at 127\.0\.0\.1:9 .*ECONNREFUSED/, {
      AzureWebJobsStorage: storage!.replace(/(QueueEndpoint=http:\/\/127\.0\.0\.1:)\d+/, '$19'),
    });
    const poison = new QueueClient(storage!, 'dlq-replay-poison');
    await poison.create();
    await poison.sendMessage('nonsense');
    await wrongPart('queue', /1 messages in dlq-replay-poison/);
    await poison.delete();
  });

  it('a schema registry that is away', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
    t.onTestFinished(() => rmSync(folder, { recursive: true }));
    const profile = JSON.parse(readFileSync('shared/profiles/canonical-v1.json', 'utf8'));
    profile.id = 'avro';
    profile.topics.ledger.encoding = 'avro';
    writeFileSync(join(folder, 'avro.json'), JSON.stringify(profile));
    await wrongPart('schemas', /The schema registry at 127\.0\.0\.1:9 does not answer/, {
      EVENT_PROFILE_FILE: join(folder, 'avro.json'),
      SCHEMA_REGISTRY_URL: 'http://127.0.0.1:9',
    });
  });

  it('keys that nobody gives, and host settings that are overridden', async () => {
    await wrongPart('keys', /could not be read from Key Vault/, {
      USER_ID_MODE: 'drop',
      KEY_VAULT_URL: 'http://127.0.0.1:9',
      DLQ_SEAL_KEY_SECRET: 'seal',
    });
    await wrongPart('host settings', /AzureFunctionsJobHost__functionTimeout override host\.json/, {
      AzureFunctionsJobHost__functionTimeout: '00:01:00',
    });
  });

  it('partitions that nobody holds, and Event Hubs that are away', async () => {
    await bed.host.stop();
    await until('the claims are past', 60_000, async () => {
      const { wrong } = await doctor();
      return wrong.some(
        ({ part, says }) => part === 'checkpoints' && /^0 of 16 partitions are held/.test(says),
      );
    });
    await bed.cloud.emulator.stop();
    const { wrong } = await doctor();
    assert.match(
      wrong.find(({ part }) => part === 'hubs')!.says,
      /Event Hubs at 127\.0\.0\.1: .*ECONNREFUSED/,
    );
  });
});
