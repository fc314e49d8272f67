import type pg from 'pg';

/** What the events of a topic were like over the last 7 days. */
export interface ContractHealth {
  readonly topic: string;
  /** Stored, or known to be older than what is stored. */
  readonly success: number;
  readonly received: number;
  readonly versionMissing: number;
  readonly aliasHit: number;
  readonly coreViolation: number;
  readonly relatedIdNull: number;
}

export async function readContractHealth(client: pg.ClientBase): Promise<ContractHealth[]> {
  const { rows } = await client.query<ContractHealth>(
    `SELECT topic, sum(applied + stale + duplicate + conflict)::float8 AS success,
       sum(applied + stale + duplicate + conflict + dead_lettered)::float8 AS received,
       sum(version_missing)::float8 AS "versionMissing", sum(alias_hit)::float8 AS "aliasHit",
       sum(core_violation)::float8 AS "coreViolation", sum(related_id_null)::float8 AS "relatedIdNull"
     FROM sync.hourly_counters WHERE hour >= date_trunc('hour', now() - interval '7 days', 'UTC')
     GROUP BY topic ORDER BY topic`,
  );
  return rows;
}
