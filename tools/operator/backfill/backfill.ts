import type pg from 'pg';
import type { DumpTopic } from '../../../shared/contracts/fields.ts';
import type { Rejection } from '../../../shared/contracts/rejection.ts';
import { compact } from '../../../shared/precedence/compact.ts';
import type { Positioned } from '../../../shared/precedence/precedence.ts';
import type { PrivacySource } from '../../../shared/privacy/privacy.ts';
import { protectRecord } from '../../../shared/privacy/protectRecord.ts';
import { findRefused } from '../../../shared/store/findRefused.ts';
import { retryContention } from '../../../shared/store/retryContention.ts';
import { failureKind } from '../../../shared/store/sqlstates.ts';
import type { DumpLine } from '../dump/dumpLine.ts';
import { type DumpContract, type DumpWindow, inWindow, readRecord } from '../dump/dumpRecords.ts';
import { type MergeBatch, mergeRows } from './mergeRows.ts';

/** What the merge of a dump's records needs to know. */
export interface MergePlan<T extends DumpTopic> {
  readonly contract: DumpContract<T>;
  readonly window: DumpWindow;
  readonly database: pg.Pool;
  /** The load whose lines are noted as done; one that was never begun notes nothing. */
  readonly backfillId: string;
}

export interface BackfillPlan<T extends DumpTopic> extends MergePlan<T> {
  readonly privacy: PrivacySource;
  /** Ranges of lines that an earlier run has merged. */
  readonly done: readonly { readonly from: number; readonly to: number }[];
  /** Transactions at once. */
  readonly connections: number;
  /** Told of every line that is rejected, whether its batch is merged now or was before. */
  readonly reject: (line: DumpLine, rejection: Rejection) => void;
  readonly progress: (counts: BackfillProgress) => void;
  /** No batch is begun any more. */
  readonly stopped: AbortSignal;
}

/** Lines of this run. */
export interface BackfillProgress {
  readonly read: number;
  readonly outside: number;
  readonly rejected: number;
}

/** Rows of one transaction. Another number in another release only means that a few rows are merged again. */
const BATCH = 2000;

/** Records of some lines. */
interface Batch<T extends DumpTopic> {
  readonly from: number;
  to: number;
  readonly rows: Positioned<T>[];
}

/**
 * Loads the rows of a dump by the same guarded merge as the stream: safe beside it, beside another backfill, and twice.
 * A batch and the note that its lines are done are one transaction, so a run that is killed goes on where it stopped;
 * lines before that are read again, to tell what was rejected, and not merged.
 *
 * @returns the counts of this run, and whether it came to the end of the dump.
 * @throws where the infrastructure failed: the same call goes on.
 */
export async function backfill<T extends DumpTopic>(
  plan: BackfillPlan<T>,
  pages: AsyncIterable<readonly DumpLine[]>,
): Promise<BackfillProgress & { readonly finished: boolean }> {
  const { logicalTopic } = plan.contract;
  const privacy = await plan.privacy.ready();
  const counts = { read: 0, outside: 0, rejected: 0 };
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  const start = async (batch: Batch<T>) => {
    if (batch.to < batch.from || isDone(plan.done, batch)) return;
    const run = mergeRecords(plan, batch).catch((error: unknown) => {
      failure ??= { error };
    });
    running.add(run);
    void run.finally(() => running.delete(run));
    if (running.size >= plan.connections) await Promise.race(running);
  };

  let batch: Batch<T> = { from: 1, to: 0, rows: [] };
  let finished = true;
  for await (const page of pages) {
    for (const line of page) {
      counts.read++;
      batch.to = Math.max(batch.to, line.line);
      const record = readRecord(plan.contract, plan.window, line);
      if (!('record' in record)) {
        counts.rejected++;
        plan.reject(line, record);
      } else if (inWindow(logicalTopic, plan.window, record)) {
        batch.rows.push(protectRecord(logicalTopic, privacy, record));
      } else counts.outside++;
      if (batch.rows.length < BATCH) continue;
      await start(batch);
      batch = { from: batch.to + 1, to: batch.to, rows: [] };
    }
    plan.progress(counts);
    finished = !plan.stopped.aborted && failure === undefined;
    if (!finished) break;
  }
  if (finished) await start(batch);
  await Promise.all(running);
  if (failure !== undefined) throw failure.error;
  return { ...counts, finished };
}

function isDone(done: BackfillPlan<DumpTopic>['done'], { from, to }: { from: number; to: number }): boolean {
  return done.some((range) => range.from <= from && to <= range.to);
}

/** Merges records, their user ids as they are stored, in one transaction; those that only the database refuses are looked for and left out. */
export async function mergeRecords<T extends DumpTopic>(
  plan: MergePlan<T>,
  { from, to, rows }: Readonly<Batch<T>>,
): Promise<void> {
  const { database } = plan;
  const batchOf = (part: readonly Positioned<T>[], refused: MergeBatch<T>['refused']): MergeBatch<T> => {
    const { winners, losers } = compact(plan.contract.logicalTopic, part, plan.contract.versionFirst);
    const lost = { stale: 0, duplicate: 0, conflict: 0 };
    for (const { verdict } of losers) lost[verdict]++;
    return {
      topic: plan.contract.logicalTopic,
      versionFirst: plan.contract.versionFirst,
      rows: winners,
      lost,
      backfillId: plan.backfillId,
      lines: { from, to },
      refused,
    };
  };
  try {
    await retryContention(() => mergeRows(database, batchOf(rows, [])));
  } catch (error) {
    if (failureKind(error) !== 'data') throw error;
    const refused = await findRefused(database, rows, (part, client) => mergeRows(client, batchOf(part, [])));
    if (refused.size === 0) throw error;
    const refusals = [...refused].map(([{ position }, state]) => ({ line: position.sequenceNumber, state }));
    const kept = rows.filter((row) => !refused.has(row));
    await retryContention(() => mergeRows(database, batchOf(kept, refusals)));
  }
}
