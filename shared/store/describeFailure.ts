import { KeyError } from '../privacy/keyError.ts';
import { SchemaRegistryError } from '../schemas/schemaRegistryError.ts';
import { DatabaseRefusesRows } from './databaseRefusesRows.ts';
import { failureKind, sqlState } from './sqlstates.ts';

/**
 * What an operator is told of a failed batch: what happened and what to do. Never the server's own message: it
 * may quote a row.
 */
export function describeFailure(error: unknown): string {
  const isOurs = [KeyError, SchemaRegistryError, DatabaseRefusesRows].some((kind) => error instanceof kind);
  if (isOurs) return (error as Error).message;
  const state = sqlState(error);
  if (state !== undefined)
    return `PostgreSQL refused the batch with SQLSTATE ${state}: ${adviceFor(state, error)}`;
  const { code, address, port } = (error ?? {}) as { code?: unknown; address?: unknown; port?: unknown };
  if (typeof code === 'string' && address !== undefined) {
    return `PostgreSQL cannot be reached at ${address}:${port} (${code}). Check that it runs and that the network lets us through.`;
  }
  if (typeof code === 'string') return `the connection to PostgreSQL failed (${code}).`;
  if (PROGRAMMING_ERRORS.some((kind) => error instanceof kind)) {
    const { name, stack = '' } = error as Error;
    // Where, and not what: the message may quote data.
    const where = /\(?([^\s()/]+:\d+:\d+)\)?/.exec(stack.split('\n').slice(1).join('\n'))?.[1];
    return `an error in this program (${name}${where === undefined ? '' : ` at ${where}`}). Please report it.`;
  }
  // What is left is the driver's own: a broken connection, a time-out, a pool that is full.
  return error instanceof Error ? `PostgreSQL did not answer: ${error.message}.` : 'an unknown error.';
}

const PROGRAMMING_ERRORS = [TypeError, RangeError, ReferenceError, SyntaxError];

const ADVICE: readonly (readonly [prefix: string, advice: string])[] = [
  ['28', 'the login was refused. Check DATABASE_URL, or the role of the identity.'],
  ['3D', 'the database does not exist. Check DATABASE_URL.'],
  [
    '42501',
    'a permission is missing. The login must be a member of bo_sync (functions) or bo_operator (command line).',
  ],
  ['42P01', 'a table is missing. Run the migrations.'],
  ['42883', 'a function is missing. Run the migrations of this release.'],
  ['42704', 'a type is missing. Run the migrations of this release.'],
  ['3F000', 'a schema is missing. Run the migrations.'],
  ['53100', 'its disk is full. Make room; the batch waits.'],
  ['53200', 'it is out of memory.'],
  ['53300', 'it has too many connections. Lower DB_POOL_SIZE or raise max_connections.'],
  ['57014', 'the statement took longer than statement_timeout.'],
  ['57P', 'it is shutting down or starting.'],
  ['25006', 'it is read-only: a standby, or out of disk.'],
];

function adviceFor(state: string, error: unknown): string {
  const known = ADVICE.find(([prefix]) => state.startsWith(prefix));
  if (known !== undefined) return known[1];
  return failureKind(error) === 'contention'
    ? 'other transactions were in the way; it is tried again.'
    : 'see its log for the statement.';
}
