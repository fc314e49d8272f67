import pg from 'pg';
import { LOCAL_POSTGRES, postgresUrl } from '../../target/localCloud.ts';
import { FUNCTIONS_LOGIN, type LocalCloud } from '../cloud.ts';
import { finds, type Incident } from './incident.ts';

/** Of sessions that somebody forgot. */
const FORGOTTEN = 'forgotten';
/** Of 100, three of which are the superuser's: the alert is raised above 90 %. */
const CONNECTIONS = 80;

/** A session as somebody has it who works on the database by hand; no superuser's, so that an operator may end it. */
async function session({ postgres }: LocalCloud): Promise<pg.Client> {
  const { user, password } = FUNCTIONS_LOGIN;
  const client = new pg.Client({
    connectionString: postgresUrl(postgres.port, LOCAL_POSTGRES.database, user, password),
    application_name: FORGOTTEN,
  });
  // It is ended by the runbook.
  client.on('error', () => {});
  await client.connect();
  return client;
}

const FORGOTTEN_SESSIONS = 'SELECT FROM pg_stat_activity WHERE application_name = $1';

export const lock: Incident = {
  meaning:
    'A session holds a lock on bo.ledger_entries and has been forgotten: every batch of the ledger waits.',
  runbook: 'docs/runbooks/alerts/data-freshness-high.md',
  async make({ cloud, client }) {
    const holder = await session(cloud);
    await holder.query('BEGIN; LOCK TABLE bo.ledger_entries');
    return {
      isOver: async () => !(await finds(client, FORGOTTEN_SESSIONS, [FORGOTTEN])),
      undo: () => holder.end(),
    };
  },
};

export const connections: Incident = {
  meaning: `${CONNECTIONS} sessions are open and idle: the server has hardly a connection left.`,
  runbook: 'docs/runbooks/alerts/db-pool-exhausted.md',
  async make({ cloud, client }) {
    const holders = await Promise.all(Array.from({ length: CONNECTIONS }, () => session(cloud)));
    return {
      isOver: async () => !(await finds(client, FORGOTTEN_SESSIONS, [FORGOTTEN])),
      undo: async () => void (await Promise.all(holders.map((holder) => holder.end()))),
    };
  },
};

const CONSTRAINT = 'added_by_hand';

export const constraint: Incident = {
  meaning:
    'Somebody has added a constraint to bo.ledger_entries that no row fulfils: batches wait, nothing is a dead letter.',
  runbook: 'docs/runbooks/alerts/database-refuses-rows.md',
  async make({ client }) {
    await client.query(
      `ALTER TABLE bo.ledger_entries ADD CONSTRAINT ${CONSTRAINT} CHECK (ingested_at < '2000-01-01') NOT VALID`,
    );
    return {
      isOver: async () =>
        !(await finds(client, 'SELECT FROM pg_constraint WHERE conname = $1', [CONSTRAINT])),
      undo: async () =>
        void (await client.query(`ALTER TABLE bo.ledger_entries DROP CONSTRAINT IF EXISTS ${CONSTRAINT}`)),
    };
  },
};
