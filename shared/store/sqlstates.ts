/**
 * What each kind of database error means for a batch (SPEC 4).
 *
 * | class or code | meaning | so |
 * |---|---|---|
 * | 40001, 40P01, 55P03, 23505 of an index of ours | another transaction was in the way | `contention`: the same batch, again, at once |
 * | 22xxx | a value that its type cannot hold | `data` |
 * | other 23xxx | a constraint refuses the row; a unique one that is not ours among them | `data` |
 * | 54000 | a row or an index entry too large | `data` |
 * | everything else | connection (08, 57P), permission (42501), missing object (42P01, 3F000), disk or memory (53), a bug (XX) | `infrastructure` |
 *
 * `infrastructure` is also every error without a SQLSTATE: refused connections, broken sockets, time-outs. It is the
 * default on purpose: a failure that is not known to be the event's own fault must never drain a topic into the
 * dead letters.
 */
export type FailureKind = 'contention' | 'data' | 'infrastructure';

const CONTENTION = new Set(['40001', '40P01', '55P03']);
const UNIQUE_VIOLATION = '23505';
/** Every unique index of this product: PostgreSQL's names of primary keys, and the place of a dead letter. */
const OWN_UNIQUE = /_pkey$|^consumer_dlq_events_position$/;

export function failureKind(error: unknown): FailureKind {
  const state = sqlState(error);
  if (state === undefined) return 'infrastructure';
  if (CONTENTION.has(state)) return 'contention';
  if (state === UNIQUE_VIOLATION) {
    const { constraint } = error as { constraint?: unknown };
    return typeof constraint !== 'string' || OWN_UNIQUE.test(constraint) ? 'contention' : 'data';
  }
  if (state.startsWith('22') || state.startsWith('23') || state === '54000') return 'data';
  return 'infrastructure';
}

/** The SQLSTATE of a server's error; errors of Node's own have codes of other shapes, such as `ECONNRESET`. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code) ? code : undefined;
}
