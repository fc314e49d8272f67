import type pg from 'pg';

/** What a window of control totals can be (SPEC 15). */
export const WINDOW_STATES = [
  'short',
  'over',
  'amount_differs',
  'content_differs',
  'open',
  'matched',
] as const;
export type WindowState = (typeof WINDOW_STATES)[number];

/** A window that its source has counted; counts and sums as text, exact. */
export interface ListedWindow {
  /** The name of its hub. */
  readonly topic: string;
  /** `START/END`, as `backfill --window` takes it. */
  readonly window: string;
  readonly state: WindowState;
  readonly expected_count: string;
  /** What was found is `null` before it was compared. */
  readonly found_count: string | null;
  readonly count_difference: string | null;
  readonly expected_sum: string;
  readonly found_sum: string | null;
  readonly sum_difference: string | null;
  /** When its total was made. */
  readonly generated_at: Date;
  /** When it was first compared; `null` before. */
  readonly since: Date | null;
  readonly last_compared: Date | null;
}

export interface WindowSelection {
  /** `null`: of every one. */
  readonly topic: string | null;
  readonly state: WindowState | null;
  /** Also those that match, or are not compared yet. */
  readonly all: boolean;
  readonly most: number;
}

/** A window as `--window` takes it, in SQL. */
export const WINDOW_TEXT = `replace((window_start AT TIME ZONE 'UTC')::text || 'Z/' || (window_end AT TIME ZONE 'UTC')::text || 'Z', ' ', 'T')`;

/** Windows that do not match, the latest first. One that waits to be compared is none of them. */
export async function listWindows(
  database: pg.Pool,
  { topic, state, all, most }: WindowSelection,
): Promise<ListedWindow[]> {
  const { rows } = await database.query<ListedWindow>(
    `SELECT topic, ${WINDOW_TEXT} AS window,
       state, expected_count, found_count, found_count - expected_count AS count_difference, expected_sum, found_sum,
       found_sum - expected_sum AS sum_difference, generated_at, first_checked_at AS since, last_checked_at AS last_compared
     FROM bo.control_totals
     WHERE ($1::text IS NULL OR topic = $1) AND ($2::text IS NULL OR state = $2)
       AND ($3 OR coalesce($2 = 'matched', false) OR state <> 'matched')
       AND ($3 OR $2 IS NOT NULL OR found_count IS NOT NULL)
     ORDER BY window_start DESC, topic LIMIT $4`,
    [topic, state, all, most],
  );
  return rows;
}
