import type { Mutation } from './mutations.ts';

const COMPARE = 'infra/database/functions/82_compare_windows.sql';
const CASES = 'test/sql/controlTotals.test.ts';
const LOSSES = 'test/convergence/sourceLosses.slow.test.ts';

/** Each rule of SPEC 15 broken. */
export const CONTROL_MUTATIONS: readonly Mutation[] = [
  {
    name: 'control: a row is in two windows',
    files: COMPARE,
    find: 'l.created_at < total.window_end',
    replace: 'l.created_at <= total.window_end',
    tests: [CASES],
  },
  {
    name: 'control: nobody waits for what is under way',
    files: COMPARE,
    find: 'coalesce(greatest(total.window_end, total.updated_at) + p_grace <= p_reached, false)',
    replace: 'true',
    tests: [CASES],
  },
  {
    name: 'control: a total is compared before the sync has come to when it was made',
    files: COMPARE,
    find: 'coalesce(greatest(total.window_end, total.updated_at) + p_grace',
    replace: 'coalesce(total.window_end + p_grace',
    tests: [LOSSES],
  },
  {
    name: 'control: rows that changed since are held against the source',
    files: COMPARE,
    find: "WHEN newer > 0 THEN 'open'",
    replace: "WHEN false THEN 'open'",
    tests: [CASES],
  },
  {
    name: 'control: a row that does not say when it changed is held against the source',
    files: COMPARE,
    find: 'coalesce(l.updated_at, l.source_enqueued_at) >= total.updated_at',
    replace: 'l.updated_at >= total.updated_at',
    tests: [CASES],
  },
  {
    name: 'control: no digest is compared',
    files: COMPARE,
    find: "coalesce(total.digest LIKE 'v1:%', false)",
    replace: 'false',
    tests: [CASES],
  },
  {
    name: 'control: a digest of any form is compared',
    files: COMPARE,
    find: "coalesce(total.digest LIKE 'v1:%', false)",
    replace: 'total.digest IS NOT NULL',
    tests: [CASES],
  },
  {
    name: 'control: a newer total is not compared',
    files: 'infra/database/functions/44_note_changes.sql',
    find: "s.verdict IN ('A', 'C')",
    replace: 'false',
    tests: [CASES],
  },
  {
    name: 'control: what was found is forgotten while a newer total waits',
    files: COMPARE,
    find: 'WHERE reached OR c.last_checked_at IS NULL',
    replace: 'WHERE true',
    tests: [CASES],
  },
  {
    name: 'control: a window is looked at for ever',
    files: COMPARE,
    find: "WHEN reached AND now() > total.updated_at + interval '7 days' THEN NULL",
    replace: '',
    tests: [CASES],
  },
  {
    name: 'control: the fastest partition says how far a hub is processed',
    files: 'shared/metrics/reached.ts',
    find: 'Math.min(...times)',
    replace: 'Math.max(...times)',
    tests: ['test/unit/metrics/reached.test.ts'],
  },
];
