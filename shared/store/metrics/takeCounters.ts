import type pg from 'pg';

/** What was added to a counter since counters were last taken. */
export interface CounterDelta {
  readonly topic: string;
  readonly name: string;
  /** Profile or reason, where the counter has one; else empty. */
  readonly label: string;
  readonly added: number;
}

/** Columns of `sync.hourly_counters` that are sent by topic alone; those of a profile follow in the query. */
const BY_TOPIC = [
  'applied',
  'stale',
  'duplicate',
  'conflict',
  'dead_lettered',
  'ignored',
  'redelivered',
  'version_missing',
  'key_mismatch',
  'mixed_axes',
  'axis_inversions',
  'pairing_skipped',
  'pairs_reopened',
] as const;

/**
 * Takes what was counted since the last time, in the transaction of the connection: rolled back, it is there again. Hours
 * that ended well before the last time are closed; no batch takes that long.
 */
export async function takeCounters(client: pg.ClientBase): Promise<CounterDelta[]> {
  const { rows } = await client.query<CounterDelta>(
    `WITH span AS (
       SELECT coalesce(date_trunc('hour', exported_at, 'UTC') - interval '2 hours', '-infinity') AS since
       FROM sync.metrics_state
     ), counted AS (
       SELECT c.hour, c.topic, n.name, n.label, sum(n.value)::bigint AS value
       FROM sync.hourly_counters c CROSS JOIN LATERAL (VALUES
         ${BY_TOPIC.map((name) => `('${name}', '', c.${name})`).join(', ')},
         ('alias_hit', c.profile_id, c.alias_hit), ('core_violation', c.profile_id, c.core_violation),
         ('profile_messages', c.profile_id, c.applied + c.stale + c.duplicate + c.conflict + c.dead_lettered)
       ) n(name, label, value)
       WHERE c.hour >= (SELECT since FROM span)
       GROUP BY c.hour, c.topic, n.name, n.label
       UNION ALL
       SELECT hour, topic, 'dead_letters', error, sum(events)::bigint
       FROM sync.hourly_dead_letters WHERE hour >= (SELECT since FROM span)
       GROUP BY hour, topic, error
     ), taken AS (
       INSERT INTO sync.exported_counters AS t (hour, topic, name, label, value)
       SELECT hour, topic, name, label, value FROM counted WHERE value > 0
       ON CONFLICT (hour, topic, name, label) DO UPDATE SET value = excluded.value
         WHERE t.value <> excluded.value
       RETURNING t.topic, t.name, t.label, new.value - coalesce(old.value, 0) AS added
     ), marked AS (
       UPDATE sync.metrics_state SET exported_at = now()
     )
     SELECT topic, name, label, sum(added)::float8 AS added FROM taken
     GROUP BY topic, name, label ORDER BY topic, name, label`,
  );
  return rows;
}
