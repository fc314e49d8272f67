import { KeyError } from '../privacy/keyError.ts';
import { SchemaRegistryError } from '../schemas/schemaRegistryError.ts';
import { DatabaseRefusesRows } from './databaseRefusesRows.ts';
import { failureKind, sqlState } from './sqlstates.ts';

/**
 * What an operator is told of a failure: which part failed, and what to do. PostgreSQL is named only where it, or the way to it,
 * failed. Never the part's own message: it may quote a row.
 */
export function describeFailure(error: unknown): string {
  const isOurs = [KeyError, SchemaRegistryError, DatabaseRefusesRows].some((kind) => error instanceof kind);
  if (isOurs) return (error as Error).message;
  const state = sqlState(error);
  if (state !== undefined)
    return `PostgreSQL refused the statement with SQLSTATE ${state}: ${adviceFor(state, error)}`;
  if (!(error instanceof Error)) return 'an unknown error.';
  // Of all addresses of a name.
  if (error instanceof AggregateError && error.errors.length > 0) return describeFailure(error.errors.at(-1));
  if (PROGRAMMING_ERRORS.some((kind) => error instanceof kind)) return programmingError(error);
  const failure = error as Error & Failure;
  const service = serviceOf(failure);
  if (service !== undefined) {
    const { code = failure.statusCode ?? failure.name } = failure;
    return `${service} did not do what it was asked (${code}).`;
  }
  const { code, address, port, hostname, path } = failure;
  if (typeof code === 'string' && path !== undefined) return `a file can't be used (${code}).`;
  if (typeof code === 'string' && (address ?? hostname) !== undefined) {
    const place = address === undefined ? hostname : `${address}:${port}`;
    return `PostgreSQL cannot be reached at ${place} (${code}). Check that it runs and that the network lets us through.`;
  }
  // Of sockets and certificates; other clients have errors of their own.
  if (typeof code === 'string' && !/^ERR_(?!TLS|SSL)/.test(code))
    return `the connection to PostgreSQL failed (${code}).`;
  if (OF_THE_DRIVER.test(error.message)) return `PostgreSQL did not answer: ${error.message}.`;
  return programmingError(error);
}

/** What errors have that are not PostgreSQL's: of Node, and of Azure's clients. */
interface Failure {
  readonly code?: unknown;
  readonly address?: unknown;
  readonly port?: unknown;
  readonly hostname?: unknown;
  readonly path?: unknown;
  readonly statusCode?: unknown;
  readonly retryable?: unknown;
}

function serviceOf({ name, statusCode, retryable }: Error & Failure): string | undefined {
  if (typeof retryable === 'boolean') return 'Event Hubs';
  if (name === 'RestError')
    return statusCode === undefined ? 'a service of Azure, which was not reached,' : 'a service of Azure';
  if (/^(Aggregate)?Authentication.*Error$|^CredentialUnavailableError$/.test(name)) return 'the identity';
  return undefined;
}

const PROGRAMMING_ERRORS = [TypeError, RangeError, ReferenceError, SyntaxError];

/** A broken connection, a time-out, a pool that is closed: they have no code. */
const OF_THE_DRIVER =
  /^(timeout e|Connection terminated|Query read timeout|Client (has encountered|was closed)|Cannot use a pool|The server does not support SSL|There was an error establishing|Received unexpected \w+ message from backend)/;

/** Where, and not what: the message may quote data. */
function programmingError({ name, stack = '' }: Error): string {
  const where = /\(?([^\s()/]+:\d+:\d+)\)?/.exec(stack.split('\n').slice(1).join('\n'))?.[1];
  return `an error in this program (${name}${where === undefined ? '' : ` at ${where}`}). Please report it.`;
}

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
