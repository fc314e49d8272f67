import type pg from 'pg';
import { type ListedWindow, WINDOW_TEXT } from './listWindows.ts';

/** A window of control totals as far as one of its rows is concerned. */
export type WindowOfRow = Pick<
  ListedWindow,
  'window' | 'state' | 'expected_count' | 'found_count' | 'last_compared'
>;

/** The window, the latest where several overlap, that a row of this hub lies in; `undefined` where its source has counted none. */
export async function windowOfRow(
  database: pg.Pool,
  topic: string,
  createdAt: string,
): Promise<WindowOfRow | undefined> {
  const { rows } = await database.query<WindowOfRow>(
    `SELECT ${WINDOW_TEXT} AS window,
       state, expected_count, found_count, last_checked_at AS last_compared
     FROM bo.control_totals
     WHERE topic = $1 AND window_start <= $2::timestamptz AND window_start > $2::timestamptz - interval '1 day'
       AND window_end > $2::timestamptz
     ORDER BY window_start DESC LIMIT 1`,
    [topic, createdAt],
  );
  return rows[0];
}
