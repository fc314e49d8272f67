import type pg from 'pg';
import type { CheckpointMove } from './recordMove.ts';

/** Writes to the audit log that a checkpoint was moved and its owner keeps the partition: the next try has to take it. */
export async function recordUnreleased(database: pg.Pool, move: CheckpointMove): Promise<void> {
  const { topic, partition, actor, from, to } = move;
  await database.query(
    `INSERT INTO sync.audit_log (actor, action, details, result) VALUES ($1, 'checkpoint skip', $2, $3)`,
    [actor, JSON.stringify({ topic, partition }), JSON.stringify({ from, to, released: false })],
  );
}
