import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, describe, it } from 'vitest';
import { INCIDENTS } from '../../tools/local/incidents/incidents.ts';
import {
  LOCAL_POSTGRES,
  localCloudFrom,
  localEnvironment,
  OPERATOR_LOGIN,
  postgresUrl,
} from '../../tools/target/localCloud.ts';
import { withClient } from '../../tools/target/withClient.ts';
import { cli } from '../support/operatorCommands.ts';
import { filled, runbooks } from '../support/runbooks.ts';
import { until } from '../support/until.ts';
import { LocalState } from './localRun.ts';

// An incident is made by `npm start`, and ended by what its page says, as the roles that the page names.

const SEED = '91';

let state: LocalState | undefined;
afterEach(async () => {
  await state?.remove();
  state = undefined;
});

interface Followed {
  /** Runs the statement of the page that has this in it, under the role of its block. */
  sql(part: string, values?: Record<string, string>): Promise<Record<string, unknown>[]>;
  /** Runs this command of the page; returns what it writes. */
  sh(command: string, values?: Record<string, string>): Promise<string>;
}

/** A local cloud with this incident; `steps` follow its page. */
async function drill(
  name: string,
  steps: (page: Followed) => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  state = await LocalState.create();
  const run = state.start(['--incident', name, '--seed', SEED], settings);
  const { runbook } = INCIDENTS[name]!;
  await run.printed(`Its runbook: ${runbook}`);
  const addresses = localCloudFrom(state.environment);
  const environment = localEnvironment(addresses, OPERATOR_LOGIN);
  const { blocks } = runbooks().find(({ file }) => file === runbook)!;
  await steps({
    async sql(part, values = {}) {
      const block = blocks.find(({ kind, text }) => kind.startsWith('sql') && text.includes(part));
      assert.ok(block, `${part} is not in the page`);
      const url =
        block.kind === 'sql owner'
          ? postgresUrl(addresses.postgres.port, LOCAL_POSTGRES.database)
          : environment['DATABASE_URL']!;
      return await withClient(url, async (client) => (await client.query(filled(block.text, values))).rows);
    },
    async sh(command, values = {}) {
      const lines = blocks.flatMap(({ kind, text }) => (kind === 'sh' ? text.split('\n') : []));
      assert.ok(lines.includes(`npm run cli -- ${command}`), `${command} is not in the page`);
      const { code, out, err } = await cli(filled(command, values).split(' '), environment);
      assert.ok(code === 0 || code === 1, err);
      return out;
    },
  });
  await run.printed(`Incident ${name} is over`);
}

describe(`incidents, seed ${SEED}`, () => {
  it('lock: the page finds who holds it, and an operator ends that session', () =>
    drill('lock', async ({ sql }) => {
      let holder: Record<string, unknown> | undefined;
      await until('a batch waits for the lock', 60_000, async () => {
        [holder] = await sql('pg_blocking_pids');
        return holder !== undefined;
      });
      assert.equal(holder!['application_name'], 'forgotten');
      await sql('pg_terminate_backend', { PID: String(holder!['pid']) });
    }));

  it('gap: the page names the numbers, and reads them again', () =>
    drill('gap', async ({ sh }) => {
      assert.match(await sh('gaps'), /ledger\.entry\.upserted/);
      await sh('gaps --repair --dry-run');
      assert.match(await sh('gaps --repair'), /20|stored/);
    }));

  it('dead-letters: the page tries, and replays them', () =>
    drill('dead-letters', async ({ sh }) => {
      await until('they are there', 60_000, async () =>
        (await sh('replay list --error REASON', { REASON: 'timestamp_in_future' })).includes('updated_at'),
      );
      await sh('replay run --error timestamp_in_future --accept-future --dry-run');
      await sh('replay run --error timestamp_in_future --accept-future');
    }));

  it('constraint: the page finds it, and the owner takes it back', () =>
    drill('constraint', async ({ sql }) => {
      const constraints = await sql('pg_get_constraintdef');
      assert.ok(constraints.some(({ conname }) => conname === 'added_by_hand'));
      await sql('DROP CONSTRAINT', { CONSTRAINT_NAME: 'added_by_hand' });
    }));

  it('connections: the page counts them, and an operator ends them', () =>
    drill('connections', async ({ sql }) => {
      const sessions = await sql('usename, application_name, state, count');
      assert.equal(sessions.find(({ application_name: name }) => name === 'forgotten')?.['count'], '80');
      await sql('pg_terminate_backend', { APPLICATION_NAME: 'forgotten' });
    }));

  it('poison: the page takes the partition past it', () =>
    drill('poison', async ({ sh }) => {
      await sh('checkpoint skip TOPIC PARTITION --yes', { TOPIC: 'ledger.entry.upserted', PARTITION: '0' });
    }));

  it('hub-recreated: nothing has to be done, and the page says so', () =>
    drill('hub-recreated', async ({ sh }) => {
      await sh('gaps');
    }));

  it('source-loss: the page names the window, and loads exactly it', () =>
    drill(
      'source-loss',
      async ({ sh }) => {
        let window: RegExpExecArray | null = null;
        await until('the window is compared', 60_000, async () => {
          window = /(\S+Z)\/ │ short +│ 80\/100 .*\n.* (\S+Z) /.exec(await sh('windows'));
          return window !== null;
        });
        const [, start, end] = window!;
        const values = { START: start!, END: end!, TIME: new Date().toISOString() };
        const file = { 'window.csv.gz': join(state!.directory, 'source-loss.ndjson') };
        const load = 'backfill --ledger window.csv.gz --as-of TIME --window START/END';
        assert.match(await sh(load, { ...values, ...file }), /applied +20\n/);
        const compare = 'reconcile --ledger window.csv.gz --as-of TIME --window START/END';
        assert.match(await sh(compare, { ...values, ...file }), /left +0\n/);
      },
      { CONTROL_TOPIC: 'sync.control.total', CONTROL_GRACE_SECONDS: '0' },
    ));
});
