import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { localCloudFrom, localEnvironment, OPERATOR_LOGIN } from '../../tools/target/localCloud.ts';
import { withClient } from '../../tools/target/withClient.ts';
import { frozenServer } from '../support/frozenServer.ts';
import { cli } from '../support/operatorCommands.ts';
import { until } from '../support/until.ts';
import { FaultBed } from './faultBed.ts';

// A command whose part is away says which, after seconds, and never blames PostgreSQL for what it did not say.

const SEED = 85;
/** The parts are given up to five seconds; the program needs some to start on a machine that does other things as well. */
const SAYS_WITHIN_MS = 30_000;

describe(`failures of a part, seed ${SEED}`, () => {
  let bed: FaultBed;
  let environment: Record<string, string>;
  beforeAll(async () => {
    bed = await FaultBed.start(SEED);
    environment = localEnvironment(localCloudFrom(process.env), OPERATOR_LOGIN);
  });
  afterAll(() => bed.stop());

  async function fails(
    words: readonly string[],
    change: Record<string, string>,
    says: RegExp,
  ): Promise<void> {
    const startedAt = performance.now();
    const { code, err } = await cli(words, { ...environment, ...change });
    assert.equal(code, 3, err);
    assert.match(err, says);
    if (!says.source.startsWith('PostgreSQL')) assert.doesNotMatch(err, /PostgreSQL/);
    assert.doesNotMatch(err, /\(\)/);
    assert.ok(performance.now() - startedAt < SAYS_WITHIN_MS);
  }

  it('Event Hubs: a wrong key, a wrong port, a hub that is missing', async () => {
    const { EventHubs = '' } = environment;
    const wrongKey = { EventHubs: EventHubs.replace('SAS_KEY_VALUE', 'WRONG') };
    const wrongPort = { EventHubs: EventHubs.replace(/127\.0\.0\.1(:\d+)?/, '127.0.0.1:9') };
    await fails(['publish', '--count', '1'], wrongKey, /Event Hubs at 127\.0\.0\.1: the login was refused/);
    await fails(
      ['topic-check', '--hub', 'ledger.entry.upserted', '--last', '5'],
      wrongKey,
      /the login was refused/,
    );
    await fails(['publish', '--count', '1'], wrongPort, /Event Hubs at 127\.0\.0\.1: .*ECONNREFUSED/);
    await fails(
      ['publish', '--count', '1'],
      { LEDGER_TOPIC: 'no-such-hub' },
      /no-such-hub could not be read .*could not be found/,
    );
  });

  it('Event Hubs that takes the connection and never answers', async (t) => {
    const { EventHubs = '' } = environment;
    const frozen = EventHubs.replace(/127\.0\.0\.1(:\d+)?/, `127.0.0.1:${await frozenServer(t)}`);
    await fails(
      ['publish', '--count', '1'],
      { EventHubs: frozen },
      /Event Hubs at 127\.0\.0\.1: it did not answer in time/,
    );
  });

  it('the queue: away, and one that never answers', async (t) => {
    const to = (port: number) =>
      environment['AzureWebJobsStorage']!.replace(/(QueueEndpoint=http:\/\/127\.0\.0\.1:)\d+/, `$1${port}`);
    const run = ['replay', 'run', '--error', 'not_json', '--no-wait'];
    await fails(
      run,
      { AzureWebJobsStorage: to(9) },
      /The queue dlq-replay at 127\.0\.0\.1:9 .*\(ECONNREFUSED\)/,
    );
    const frozen = await frozenServer(t);
    await fails(
      run,
      { AzureWebJobsStorage: to(frozen) },
      new RegExp(`The queue dlq-replay at 127\\.0\\.0\\.1:${frozen} `),
    );
  });

  it('PostgreSQL: away, and frozen', async (t) => {
    const to = (port: number) => {
      const url = new URL(environment['DATABASE_URL']!);
      url.port = String(port);
      return { DATABASE_URL: url.href };
    };
    await fails(['gaps'], to(9), /PostgreSQL cannot be reached at 127\.0\.0\.1:9 \(ECONNREFUSED\)/);
    await fails(['gaps'], to(await frozenServer(t)), /PostgreSQL did not answer: .*time/);
  });

  it('a database that is locked: by which session, since when, and what it runs', async () => {
    await withClient(bed.cloud.adminUrl, async (locker) => {
      await locker.query('BEGIN');
      await locker.query("LOCK TABLE bo.consumer_dlq_events /* 'wallet-17' */");
      const { rows } = await locker.query('SELECT pg_backend_pid() AS pid');
      const child = spawn(process.execPath, ['tools/operator/main.ts', 'replay', 'summary'], {
        env: { ...process.env, ...environment },
      });
      let err = '';
      child.stderr.on('data', (chunk) => {
        err += chunk;
      });
      const closed = once(child, 'close');
      await until('it is said', SAYS_WITHIN_MS, () => err.includes('The database is locked'));
      assert.match(
        err,
        new RegExp(
          `The database is locked: session ${rows[0].pid} \\(postgres, in a transaction since 20\\d\\d-.*Z, last ran SELECT, idle in transaction\\)`,
        ),
      );
      assert.ok(!err.includes('wallet-17'));
      await locker.query('ROLLBACK');
      const [code] = await closed;
      assert.equal(code, 0, err);
    });
  });
});
