import type { Released } from '../checkpoints/moveRepaired.ts';
import { describeFailure } from '../store/describeFailure.ts';
import type { MetricsRun } from './runMetrics.ts';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly [detail: string]: unknown;
}

/** What came of the try to set a partition going that its host can't get past. */
export function releasedLine({ moved, ...details }: Released): LogLine {
  if (moved && details.reason !== undefined) {
    return {
      level: 'error',
      message: 'checkpoint moved, partition not released: it is tried again',
      ...details,
    };
  }
  return moved
    ? { level: 'warn', message: 'checkpoint moved past what was repaired', ...details }
    : { level: 'error', message: 'checkpoint not moved: see checkpoint skip', ...details };
}

/** What a run of the timer writes to the log: one line of its own, and one for each thing that somebody has to see to. */
export function metricsLog(run: MetricsRun): LogLine[] {
  const lines: LogLine[] = [];
  for (const [topic, error] of run.unreachable) {
    lines.push({ level: 'warn', message: 'broker unreachable: its lag is unknown', topic, error });
  }
  for (const topic of run.recreated) {
    lines.push({ level: 'error', message: 'hub recreated: it is read from its beginning', topic });
  }
  for (const { forgotten, ...details } of run.former) {
    lines.push(
      forgotten
        ? { level: 'warn', message: 'checkpoint of the former hub deleted', ...details }
        : {
            level: 'error',
            message:
              'hub recreated: its former checkpoint can not be deleted; its events come through repairs',
            ...details,
          },
    );
  }
  for (const { topic, partition, askedTo, askedAgo, standsFor } of run.standing) {
    if (askedTo === null) continue;
    lines.push({
      level: 'warn',
      topic,
      partition,
      seconds: Math.round(askedAgo === 0 ? standsFor : askedAgo!),
      message: 'partition stands: its host can not hand over an event; its next batch is repaired',
    });
  }
  for (const { topic, partition, isKnown } of run.holders) {
    // What stands there is not found: nobody can tell a host that is stuck from none.
    if (isKnown) continue;
    const message =
      'events wait, and nobody has ever held their partition in this consumer group and storage';
    lines.push({ level: 'warn', message, topic, partition });
  }
  lines.push(...run.released.map(releasedLine));
  for (const { select } of run.repairRequests) {
    lines.push({ level: 'warn', message: 'gap repair asked for', ...select.gap });
  }
  for (const { secret, versions } of run.keys) {
    if (versions === 0) continue;
    lines.push({
      level: 'error',
      message: 'the latest version of a key is malformed: the one before is used; make another version',
      secret,
    });
  }
  if (run.oversized.groups > 0) {
    // By their size: an id must not reach the log.
    lines.push({
      level: 'warn',
      message: 'oversized groups: many entries have one related_id, so their pairs mean nothing',
      groups: run.oversized.groups,
      largest: run.oversized.largest,
    });
  }
  if (run.rulesWritten) {
    lines.push({ level: 'warn', message: 'settlement rules changed: every payment is looked at again' });
  }
  if (run.sweepFailure !== undefined) {
    const reason = describeFailure(run.sweepFailure);
    lines.push({ level: 'error', message: 'settlements not looked at: the next run does', reason });
  }
  if (run.compareFailure !== undefined) {
    const reason = describeFailure(run.compareFailure);
    lines.push({
      level: 'error',
      message: 'windows of control totals not compared: the next run does',
      reason,
    });
  }
  if (run.sendFailure !== undefined) {
    const error = run.sendFailure instanceof Error ? run.sendFailure.name : 'unknown';
    lines.push({ level: 'error', message: 'metrics not taken: they are sent by the next run', error });
  }
  const known = run.partitions.flatMap(({ lag }) => lag ?? []);
  lines.push({
    level: 'info',
    message: 'metrics',
    sent: run.sent,
    lag: run.unreachable.size > 0 ? 'unknown' : known.reduce((sum, lag) => sum + lag, 0),
    gapEvents: run.partitions.reduce((sum, { gap }) => sum + (gap?.events ?? 0), 0),
    prunedDeadLetters: run.prunedDeadLetters,
  });
  return lines;
}
