import type pg from 'pg';

/** Something that an operator did, or the timer in an operator's place. */
export interface OperatorAction {
  readonly actor: string;
  readonly action: string;
  readonly details: object;
  readonly result: object;
}

/** Writes a line of the audit log. */
export async function recordAction(
  database: pg.Pool,
  { actor, action, details, result }: OperatorAction,
): Promise<void> {
  await database.query(
    'INSERT INTO sync.audit_log (actor, action, details, result) VALUES ($1, $2, $3, $4)',
    [actor, action, JSON.stringify(details), JSON.stringify(result)],
  );
}
