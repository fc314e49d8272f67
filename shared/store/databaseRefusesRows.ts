/**
 * Thrown where the database refuses most of a batch for one reason: a CHECK or a trigger that somebody has added, a column
 * without a default. That is nobody's own fault, so nothing becomes a dead letter: the batch waits (SPEC 4).
 */
export class DatabaseRefusesRows extends Error {
  readonly reason: string;

  constructor(refused: number, rows: number, reason: string) {
    super(
      `PostgreSQL refuses ${refused} of ${rows} rows for one reason: ${reason}. Nothing was written, and the batch waits. ` +
        'Take back what was changed in the database, or see the runbook of DatabaseRefusesRows.',
    );
    this.name = 'DatabaseRefusesRows';
    this.reason = reason;
  }
}
