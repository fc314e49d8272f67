import type pg from 'pg';
import type { DumpTopic } from '../../../shared/contracts/fields.ts';
import { KEY_OF } from '../../../shared/contracts/records.ts';
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
import type { CreatedRange } from './createdRange.ts';
import type { DoneLines } from './doneLines.ts';
import { type LineCounts, type MergeBatch, mergeRows } from './mergeRows.ts';
import { SeenKeys } from './seenKeys.ts';

/** What the merge of a dump's records needs to know. */
export interface MergePlan<T extends DumpTopic> {
  readonly contract: DumpContract<T>;
  readonly window: DumpWindow;
  readonly database: pg.Pool;
  /** The load whose lines are noted as done; one that was never begun notes nothing. */
  readonly backfillId: string;
  /** Told of what is loaded. */
  readonly created: CreatedRange;
}

export interface BackfillPlan<T extends DumpTopic> extends MergePlan<T> {
  readonly privacy: PrivacySource;
  /** The lines that earlier runs are done with. */
  readonly done: DoneLines;
  /** Lines of these that are rejected are told of again: the file that named them is not there any more. */
  readonly tellAgain: boolean;
  /** Transactions at once. */
  readonly connections: number;
  /** Told of every line that is rejected, before its batch is merged. */
  readonly reject: (line: DumpLine, rejection: Rejection) => void;
  /** Told of every row whose key a row before it has. */
  readonly repeated: (line: number) => void;
  /** Told how many lines this run has read. */
  readonly progress: (read: number) => void;
  /** No batch is begun any more. */
  readonly stopped: AbortSignal;
}

/** Rows of one transaction. Another number in another release only means that a few rows are merged again. */
const BATCH = 2000;
/** Lines of one transaction, where most of them are no rows. */
const BATCH_LINES = 50_000;

/** Records of some lines, and what the other lines were. */
interface Batch<T extends DumpTopic> {
  readonly from: number;
  readonly to: number;
  readonly rows: readonly Positioned<T>[];
  readonly counts: LineCounts;
}

/** A batch that lines are added to. */
class Filling<T extends DumpTopic> implements Batch<T> {
  readonly from: number;
  to: number;
  readonly rows: Positioned<T>[] = [];
  readonly counts = { read: 0, outside: 0, rejected: 0 };

  constructor(after: number) {
    this.from = after + 1;
    this.to = after;
  }

  get full(): boolean {
    return this.rows.length >= BATCH || this.counts.read >= BATCH_LINES;
  }
}

/**
 * Loads the rows of a dump by the same guarded merge as the stream: safe beside it, beside another backfill, and twice.
 * A batch and the note that its lines are done are one transaction, so a run that is killed goes on where it stopped.
 *
 * @returns whether it came to the end of the dump.
 * @throws where the infrastructure failed: the same call goes on.
 */
export async function backfill<T extends DumpTopic>(
  plan: BackfillPlan<T>,
  pages: AsyncIterable<readonly DumpLine[]>,
): Promise<boolean> {
  const { logicalTopic } = plan.contract;
  const privacy = await plan.privacy.ready();
  const running = new Set<Promise<void>>();
  const seen = new SeenKeys();
  let failure: { readonly error: unknown } | undefined;
  let read = 0;
  let expectNew = false;
  const start = async (batch: Batch<T>) => {
    if (batch.counts.read === 0) return;
    const merge = async () => {
      expectNew = await mergeRecords(plan, batch, expectNew);
    };
    const run = merge().catch((error: unknown) => {
      failure ??= { error };
    });
    running.add(run);
    void run.finally(() => running.delete(run));
    if (running.size >= plan.connections) await Promise.race(running);
  };
  /** Undefined where the line is rejected. */
  const readOrReject = (line: DumpLine) => {
    const record = readRecord(plan.contract, plan.window, line);
    if ('record' in record) return record;
    plan.reject(line, record);
    return undefined;
  };
  const add = (batch: Filling<T>, line: DumpLine) => {
    batch.to = line.line;
    batch.counts.read++;
    const record = readOrReject(line);
    if (record === undefined) batch.counts.rejected++;
    else if (inWindow(logicalTopic, plan.window, record)) {
      if (seen.add(KEY_OF[logicalTopic](record.record))) plan.repeated(line.line);
      batch.rows.push(protectRecord(logicalTopic, privacy, record));
    } else batch.counts.outside++;
  };

  let batch = new Filling<T>(0);
  let finished = true;
  for await (const page of pages) {
    for (const line of page) {
      read++;
      const isDone = plan.done.has(line.line);
      if (isDone || batch.full) {
        await start(batch);
        batch = new Filling(isDone ? line.line : batch.to);
      }
      if (!isDone) add(batch, line);
      else if (plan.tellAgain) readOrReject(line);
    }
    plan.progress(read);
    finished = !plan.stopped.aborted && failure === undefined;
    if (!finished) break;
  }
  if (finished) await start(batch);
  await Promise.all(running);
  if (failure !== undefined) throw failure.error;
  return finished;
}

/**
 * Merges records, their user ids as they are stored, in one transaction; those that only the database refuses are looked for
 * and left out. Returns whether all of them were new, as `expectNew` says they are.
 */
export async function mergeRecords<T extends DumpTopic>(
  plan: MergePlan<T>,
  { from, to, rows, counts }: Batch<T>,
  expectNew: boolean,
): Promise<boolean> {
  const { database } = plan;
  plan.created.add(plan.contract.logicalTopic, rows);
  const batchOf = (part: readonly Positioned<T>[], refused: MergeBatch<T>['refused']): MergeBatch<T> => {
    const { winners, losers } = compact(plan.contract.logicalTopic, part, plan.contract.versionFirst);
    const lost = { stale: 0, duplicate: 0, conflict: 0 };
    for (const { verdict } of losers) lost[verdict]++;
    return {
      topic: plan.contract.logicalTopic,
      versionFirst: plan.contract.versionFirst,
      rows: winners,
      expectNew,
      counts: { ...counts, ...lost },
      backfillId: plan.backfillId,
      lines: { from, to },
      refused,
    };
  };
  try {
    return await retryContention(() => mergeRows(database, batchOf(rows, [])));
  } catch (error) {
    if (failureKind(error) !== 'data') throw error;
    const refused = await findRefused(database, rows, (part, client) => mergeRows(client, batchOf(part, [])));
    if (refused.size === 0) throw error;
    const refusals = [...refused].map(([{ position }, { state }]) => ({
      line: position.sequenceNumber,
      state,
    }));
    const kept = rows.filter((row) => !refused.has(row));
    return await retryContention(() => mergeRows(database, batchOf(kept, refusals)));
  }
}
