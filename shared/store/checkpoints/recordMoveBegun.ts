import type pg from 'pg';
import type { CheckpointMove } from './recordMove.ts';

/** Writes to the audit log that a checkpoint is about to be moved: it may be moved and nobody left to say so. */
export async function recordMoveBegun(database: pg.Pool, move: CheckpointMove): Promise<void> {
  const { topic, partition, actor, from, to } = move;
  await database.query(
    `INSERT INTO sync.audit_log (actor, action, details, result) VALUES ($1, 'checkpoint skip begun', $2, $3)`,
    [actor, JSON.stringify({ topic, partition }), JSON.stringify({ from, to })],
  );
}
