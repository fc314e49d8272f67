import { setTimeout as delay } from 'node:timers/promises';
import { FUNCTIONS_LOGIN } from '../../local/cloud.ts';
import { HAS_PROC, signalTree } from '../../local/processes/processTree.ts';
import type { Random } from '../../proof/synthetic/random.ts';
import { SEAL_KEY, type SoakCloud } from './soakCloud.ts';

const LASTS_MS = 10_000;

/** Brings a fault about; resolves when it is over, not when the sync has recovered. */
type Fault = (cloud: SoakCloud) => Promise<void>;

const sql = (cloud: SoakCloud, statement: string) =>
  cloud.asAdmin(async (client) => {
    await client.query(statement);
  });

const FAULTS: Readonly<Record<string, Fault>> = {
  'host killed': async ({ mortal }) => mortal.killAll(),
  'PostgreSQL killed': async ({ local: { postgres } }) => {
    postgres.kill('SIGKILL');
    await postgres.ended;
    await postgres.restart();
  },
  ...(HAS_PROC && {
    'PostgreSQL frozen': async ({ local: { postgres } }) => {
      signalTree(postgres.pid, 'SIGSTOP');
      await delay(LASTS_MS);
      signalTree(postgres.pid, 'SIGCONT');
    },
  }),
  'connections ended': (cloud) =>
    sql(
      cloud,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${FUNCTIONS_LOGIN.user}'`,
    ),
  'checkpoints away': async ({ local: { azurite } }) => {
    azurite.kill('SIGKILL');
    await azurite.ended;
    await delay(LASTS_MS);
    await azurite.restart();
  },
  'broker killed': (cloud) =>
    cloud.whilePublisherPauses(async () => {
      const { emulator } = cloud.local;
      emulator.kill('SIGKILL');
      await emulator.ended;
      await emulator.restart();
    }),
  'permission missing': async (cloud) => {
    await sql(cloud, 'REVOKE INSERT ON bo.ledger_entries FROM bo_sync');
    await delay(LASTS_MS);
    await sql(cloud, 'GRANT INSERT ON bo.ledger_entries TO bo_sync');
  },
  'table locked': (cloud) =>
    cloud.asAdmin(async (client) => {
      await client.query('BEGIN; LOCK TABLE bo.payment_ledger_pairs');
      await delay(LASTS_MS);
      await client.query('COMMIT');
    }),
  'rows refused': async (cloud) => {
    await sql(cloud, 'ALTER TABLE bo.ledger_entries ADD CONSTRAINT soak CHECK (false) NOT VALID');
    await delay(LASTS_MS);
    await sql(cloud, 'ALTER TABLE bo.ledger_entries DROP CONSTRAINT soak');
  },
  'large bodies': async (cloud) => cloud.publishLarge(300),
  'key vault silent': async ({ vault }) => {
    vault.silentUntil = delay(LASTS_MS);
    await vault.silentUntil;
  },
  'key version malformed': async ({ vault }) => {
    vault.add(SEAL_KEY, { createdAt: new Date(), value: 'no key' });
  },
  'hubs recreated': (cloud) => cloud.recreateHubs(),
  'partitions stolen': async (cloud) => {
    const third = await cloud.startHost('third-host');
    await delay(LASTS_MS);
    // Not stopped in order, and not started again.
    for (const pid of third.pids) process.kill(pid, 'SIGKILL');
    await third.stop();
  },
};

/** All kinds in an order of the seed, again and again. */
export function* faultsInTurn(random: Random): Generator<readonly [name: string, fault: Fault]> {
  for (;;) {
    const left = Object.entries(FAULTS);
    while (left.length > 0) yield left.splice(random.below(left.length), 1)[0]!;
  }
}
