import pg from 'pg';
import { type BlockingSession, blockingSessions } from './blockingSessions.ts';

const LOOKS_EVERY_MS = 3000;

/**
 * Says who holds the lock that a command waits for, each session once. It looks over a connection of its own, and only where
 * the command takes longer than most do.
 */
export function watchLocks(
  database: pg.Pool,
  connection: pg.ClientConfig,
  say: (text: string) => void,
): { end(): void } {
  const own = new Set<number>();
  const pidOf = (client: pg.PoolClient) => (client as unknown as { processID: number }).processID;
  database.on('connect', (client) => own.add(pidOf(client)));
  database.on('remove', (client) => own.delete(pidOf(client)));
  const told = new Set<number>();
  let isLooking = false;
  const look = async () => {
    if (isLooking || own.size === 0) return;
    isLooking = true;
    for (const session of await sessionsBlocking(connection, [...own])) {
      if (told.has(session.pid)) continue;
      told.add(session.pid);
      say(sentenceOf(session));
    }
    isLooking = false;
  };
  const timer = setInterval(() => void look(), LOOKS_EVERY_MS);
  timer.unref();
  return { end: () => clearInterval(timer) };
}

/** Best effort: what the command itself is told is the error. */
async function sessionsBlocking(
  connection: pg.ClientConfig,
  waiting: readonly number[],
): Promise<BlockingSession[]> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 2000, query_timeout: 2000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return await blockingSessions(client, waiting);
  } catch {
    return [];
  } finally {
    await client.end().catch(() => {});
  }
}

function sentenceOf({ pid, login, since, kind, state }: BlockingSession): string {
  const begun = since === null ? '' : `, in a transaction since ${since.toISOString()}`;
  const what =
    kind === null || kind === ''
      ? ''
      : state === 'active'
        ? `, runs ${kind}`
        : `, last ran ${kind}, ${state}`;
  return (
    `The database is locked: session ${pid} (${login}${begun}${what}) holds what this command waits for. It goes on waiting; ` +
    `SELECT pg_terminate_backend(${pid}) ends that session, as an administrator.`
  );
}
