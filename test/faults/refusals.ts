import { FUNCTIONS_SCHEMA } from '../../shared/store/release.ts';
import { FUNCTIONS_LOGIN } from '../../tools/local/cloud.ts';
import { LOCAL_POSTGRES } from '../../tools/target/localCloud.ts';

/** A state of the database in which it refuses every batch, or one topic's: not the events' fault. */
export interface Refusal {
  readonly what: string;
  /** The SQLSTATE that the host says. */
  readonly state: string;
  /** Statements of the superuser. */
  readonly begin: readonly string[];
  readonly end: readonly string[];
}

const LOGIN = FUNCTIONS_LOGIN.user;
const DATABASE = LOCAL_POSTGRES.database;

/** Settings of roles and databases are read when a connection is made. */
const NEW_CONNECTIONS = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${LOGIN}'`;

/** A trigger that raises this SQLSTATE in every statement that writes sequence numbers: all else is written by then. */
function raising(state: string): Pick<Refusal, 'state' | 'begin' | 'end'> {
  return {
    state,
    begin: [
      `CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '${state}'; END $$`,
      'CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON sync.partitions EXECUTE FUNCTION public.refuse()',
    ],
    end: ['DROP FUNCTION public.refuse CASCADE'],
  };
}

export const REFUSALS: readonly Refusal[] = [
  {
    what: 'a permission is missing',
    state: '42501',
    begin: ['REVOKE INSERT ON bo.ledger_entries FROM bo_sync'],
    end: ['GRANT INSERT ON bo.ledger_entries TO bo_sync'],
  },
  {
    what: 'a table is missing',
    state: '42P01',
    begin: ['ALTER TABLE bo.payment_orders RENAME TO payment_orders_away'],
    end: ['ALTER TABLE bo.payment_orders_away RENAME TO payment_orders'],
  },
  {
    what: 'a function is missing',
    state: '42883',
    begin: [`ALTER FUNCTION ${FUNCTIONS_SCHEMA}.record_batch RENAME TO record_batch_away`],
    end: [`ALTER FUNCTION ${FUNCTIONS_SCHEMA}.record_batch_away RENAME TO record_batch`],
  },
  {
    what: 'a schema is closed',
    state: '42501',
    begin: ['REVOKE USAGE ON SCHEMA sync FROM bo_sync'],
    end: ['GRANT USAGE ON SCHEMA sync TO bo_sync'],
  },
  {
    what: 'the database is read-only',
    state: '25006',
    begin: [`ALTER DATABASE ${DATABASE} SET default_transaction_read_only = on`, NEW_CONNECTIONS],
    end: [
      'SET default_transaction_read_only = off',
      `ALTER DATABASE ${DATABASE} RESET default_transaction_read_only`,
      NEW_CONNECTIONS,
    ],
  },
  {
    what: 'there are too many connections',
    state: '53300',
    begin: [`ALTER ROLE ${LOGIN} CONNECTION LIMIT 0`, NEW_CONNECTIONS],
    end: [`ALTER ROLE ${LOGIN} CONNECTION LIMIT -1`],
  },
  {
    what: 'the password is another',
    state: '28P01',
    begin: [`ALTER ROLE ${LOGIN} PASSWORD 'another'`, NEW_CONNECTIONS],
    end: [`ALTER ROLE ${LOGIN} PASSWORD '${FUNCTIONS_LOGIN.password}'`],
  },
  {
    what: 'the login is locked',
    state: '28000',
    begin: [`ALTER ROLE ${LOGIN} NOLOGIN`, NEW_CONNECTIONS],
    end: [`ALTER ROLE ${LOGIN} LOGIN`],
  },
  { what: 'the disk is full, says the last statement', ...raising('53100') },
  { what: 'memory is short', ...raising('53200') },
  { what: 'a file can not be read', ...raising('58030') },
  { what: 'an index is damaged', ...raising('XX002') },
  { what: 'the server shuts down', ...raising('57P01') },
  { what: 'other transactions are in the way for longer than the batch is repeated', ...raising('40001') },
  { what: 'a lock is not given', ...raising('55P03') },
];
