import type pg from 'pg';
import type { WindowState } from './listWindows.ts';

/** How many windows of a topic have a state. */
export interface CountedWindows {
  readonly topic: string;
  readonly state: WindowState;
  readonly windows: number;
}

/** Windows of control totals by topic and state. */
export async function countWindows(database: pg.Pool): Promise<CountedWindows[]> {
  const { rows } = await database.query<CountedWindows>(
    `SELECT topic, state, count(*)::float8 AS windows FROM bo.control_totals GROUP BY topic, state ORDER BY topic, state`,
  );
  return rows;
}
