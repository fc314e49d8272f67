import type pg from 'pg';

/** Notes that this package runs with this database. */
export async function recordPackage(database: pg.Pool | pg.ClientBase, identity: string): Promise<void> {
  await database.query(
    `INSERT INTO sync.packages AS p (package) VALUES ($1)
     ON CONFLICT (package) DO UPDATE SET last_seen_at = now()`,
    [identity],
  );
}

/** The packages that were seen since, the latest first. */
export async function packagesSeen(database: pg.Pool | pg.ClientBase, since: Date): Promise<string[]> {
  const { rows } = await database.query<{ package: string }>(
    'SELECT package FROM sync.packages WHERE last_seen_at >= $1 ORDER BY last_seen_at DESC, package',
    [since],
  );
  return rows.map((row) => row.package);
}
