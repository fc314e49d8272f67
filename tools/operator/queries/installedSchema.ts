import type pg from 'pg';

/** What is installed in the database: names of migrations, and the fingerprint of each release's functions. */
export interface InstalledSchema {
  readonly migrations: readonly string[];
  readonly functions: readonly { readonly schema: string; readonly sha256: string }[];
}

export async function installedSchema(database: pg.Pool): Promise<InstalledSchema> {
  const { rows } = await database.query<InstalledSchema>(
    `SELECT (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM sync.migrations) AS migrations,
       (SELECT coalesce(json_agg(json_build_object('schema', schema, 'sha256', sha256) ORDER BY installed_at), '[]')
        FROM sync.function_releases) AS functions`,
  );
  return rows[0]!;
}
