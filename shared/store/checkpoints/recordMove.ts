import type pg from 'pg';

/** A checkpoint that was moved, and who wanted it. */
export interface CheckpointMove {
  readonly topic: string;
  readonly partition: number;
  readonly actor: string;
  readonly from: number | null;
  readonly to: number;
}

/** Notes that a standing partition was set going, and writes it to the audit log. */
export async function recordMove(database: pg.Pool, move: CheckpointMove): Promise<void> {
  const { topic, partition, actor, from, to } = move;
  await database.query(
    `WITH moved AS (
       UPDATE sync.standing_partitions SET asked_to = NULL, asked_at = NULL, moved_at = now(), moves = moves + 1,
         next_number = $6, since = now()
       WHERE topic = $1 AND partition = $2
     )
     INSERT INTO sync.audit_log (actor, action, details, result) VALUES ($3, 'checkpoint skip', $4, $5)`,
    [topic, partition, actor, JSON.stringify({ topic, partition }), JSON.stringify({ from, to }), to + 1],
  );
}
