/** What `gaps`, `windows` and `reconcile` say. Names of columns are those of `--json`. */
export const REPORT = {
  noGaps:
    'No event was skipped: every sequence number that the hubs delivered is processed, or known as lost.',
  noLost: 'No event is known to be lost.',
  foreignGap:
    '{topic} is no topic of these settings: its gaps are left. LEDGER_TOPIC and the like name the topics.',
  gapBegun: 'Gap {index} of {count}: {topic}, partition {partition}, {from} to {to} ...',
  gapDone: 'Gap {index} of {count}: done.',
  gapsStopped: 'Stopped waiting; request {request} goes on. Run it again for the gaps that are left.',
  nothingCompared:
    'Nothing was compared: {file} holds {read} rows, {outside} of them outside of the window, and no row ' +
    'of the database lies in it. Check --since, --until, --days, and that it is the right file.',
  controlOff:
    'CONTROL_TOPIC is empty: by these settings control totals are off, and nothing is compared. What is listed is of before.',
  noWindows: 'Every window that was compared has the rows that its source has counted.',
  windowsTodo:
    'What to do: see whether a row of the window is a dead letter (npm run cli -- replay list); else ask the source for a dump of ' +
    'exactly this window, and load it: npm run cli -- backfill {dump} --as-of TIME --window {window}',
  timesEarlier:
    '{file}: {field} is {clock} earlier than here in {rows} of {compared} rows: a local time that the dump says is UTC, ' +
    'or times that were stored in the wrong zone. Export the dump with the offset of its times, or set time_zone in the profile.',
  timesLater:
    '{file}: {field} is {clock} later than here in {rows} of {compared} rows: a local time that the dump says is UTC, ' +
    'or times that were stored in the wrong zone. Export the dump with the offset of its times, or set time_zone in the profile.',
  topic: 'topic',
  window: 'window',
  state: 'state',
  rows: 'rows',
  count_difference: 'count_difference',
  amounts: 'amounts',
  sum_difference: 'sum_difference',
  since: 'since',
  last_compared: 'last_compared',
  partition: 'partition',
  epoch: 'epoch',
  from: 'from',
  to: 'to',
  events: 'events',
  recorded_at: 'recorded_at',
  stored: 'stored',
  dead_lettered: 'dead_lettered',
  lost: 'lost',
  file: 'file',
  finished: 'finished',
  read: 'read',
  outside: 'outside',
  rejected: 'rejected',
  same: 'same',
  since_changed: 'since_changed',
  missing: 'missing',
  extra: 'extra',
  older_here: 'older_here',
  newer_here: 'newer_here',
  different_at_same_version: 'different_at_same_version',
  repaired: 'repaired',
  left: 'left',
  time_shifts: 'time_shifts',
  windows_compared_again: 'windows_compared_again',
  report: 'report',
} as const;

export type ReportText = keyof typeof REPORT;
