import type pg from 'pg';
import type { DumpTopic } from '../../../shared/contracts/fields.ts';
import type { Rejection } from '../../../shared/contracts/rejection.ts';
import type { Positioned } from '../../../shared/precedence/precedence.ts';
import type { PrivacySource } from '../../../shared/privacy/privacy.ts';
import { protectRecord } from '../../../shared/privacy/protectRecord.ts';
import { withConnection } from '../../../shared/store/withConnection.ts';
import { type MergePlan, mergeRecords } from '../backfill/backfill.ts';
import { DumpError } from '../dump/dumpError.ts';
import type { DumpLine } from '../dump/dumpLine.ts';
import { inWindow, readRecord } from '../dump/dumpRecords.ts';
import { compareRecords, differingMembers, type Finding, keyOf } from './compareRecords.ts';
import { extraRows } from './extraRows.ts';
import { keepKeys, rowsByKey } from './rowsByKey.ts';
import type { TimeShifts } from './timeShifts.ts';

export interface ReconcilePlan<T extends DumpTopic> extends MergePlan<T> {
  readonly privacy: PrivacySource;
  /** Load what the dump has and the guard lets win: missing, older, or different at one version. */
  readonly repair: boolean;
  /** Repair also where all times of the dump are as far from those here, as by a zone. */
  readonly timesAreRight: boolean;
  readonly shifts: TimeShifts<T>;
  readonly report: (difference: Difference) => void;
  readonly reject: (line: DumpLine, rejection: Rejection) => void;
  readonly progress: (read: number) => void;
  readonly stopped: AbortSignal;
}

/** One difference, with what an operator needs to see why. */
export interface Difference {
  readonly finding: Finding;
  readonly key: string;
  /** Of the dump. */
  readonly line?: number;
  readonly members?: ReturnType<typeof differingMembers>;
}

export type ReconcileCounts = Record<Finding | 'read' | 'outside' | 'rejected' | 'repaired', number>;

/** At one version the state that was seen later wins (SPEC 3): that is the dump. */
const REPAIRED: ReadonlySet<Finding> = new Set(['missing', 'older_here', 'different_at_same_version']);

const PAGE = 1000;

export function newCounts(): ReconcileCounts {
  return {
    read: 0,
    outside: 0,
    rejected: 0,
    same: 0,
    since_changed: 0,
    missing: 0,
    extra: 0,
    older_here: 0,
    newer_here: 0,
    different_at_same_version: 0,
    repaired: 0,
  };
}

/**
 * Compares a dump with its serving table by value, page by page; then looks for rows that the dump should have and has
 * not. A repair goes through the same guarded merge as the stream: it makes nothing older.
 *
 * @param counts are kept up to date: what a run that fails has repaired is repaired.
 * @returns whether it came to the end.
 */
export async function reconcile<T extends DumpTopic>(
  plan: ReconcilePlan<T>,
  pages: AsyncIterable<readonly DumpLine[]>,
  counts: ReconcileCounts,
): Promise<boolean> {
  // Closed afterwards, with its temporary table.
  return withConnection(
    plan.database,
    async (client) => {
      await keepKeys(client);
      let page: Positioned<T>[] = [];
      for await (const lines of pages) {
        for (const line of lines) {
          counts.read++;
          const record = readRecord(plan.contract, plan.window, line);
          if ('record' in record) page.push(record);
          else {
            counts.rejected++;
            plan.reject(line, record);
          }
          if (page.length < PAGE) continue;
          await comparePage(plan, client, page, counts);
          page = [];
        }
        plan.progress(counts.read);
        if (plan.stopped.aborted) return false;
      }
      await comparePage(plan, client, page, counts);
      for await (const rows of extraRows(client, plan.contract.logicalTopic, plan.window)) {
        counts.extra += rows.length;
        for (const row of rows)
          plan.report({ finding: 'extra', key: keyOf(plan.contract.logicalTopic, row) });
      }
      return true;
    },
    { reuse: false },
  );
}

/**
 * After every line of this dump, and every repair before: a row that was loaded from the same dump and damaged since has
 * the position of its line already.
 */
function repairPosition<T extends DumpTopic>({ record, position }: Positioned<T>): Positioned<T> {
  return {
    record,
    position: { ...position, sequenceNumber: Date.now() * 1000 + (position.sequenceNumber % 1000) },
  };
}

async function comparePage<T extends DumpTopic>(
  plan: ReconcilePlan<T>,
  client: pg.ClientBase,
  page: readonly Positioned<T>[],
  counts: ReconcileCounts,
): Promise<void> {
  if (page.length === 0) return;
  const { logicalTopic: topic, versionFirst } = plan.contract;
  const keys = page.map((dumped) => keyOf(topic, dumped));
  const here = new Map((await rowsByKey(client, topic, keys)).map((row) => [keyOf(topic, row), row]));
  const toLoad: Positioned<T>[] = [];
  const privacy = await plan.privacy.ready();
  /** Equal user ids compare as equal: under the key of the row that is here. */
  const asStored = (read: Positioned<T>, row: Positioned<T> | undefined) =>
    protectRecord(topic, privacy, read, row?.record);
  page.forEach((read, index) => {
    // Its key is kept all the same: it is in the dump.
    if (!inWindow(topic, plan.window, read)) {
      counts.outside++;
      return;
    }
    const key = keys[index]!;
    const row = here.get(key);
    const dumped = asStored(read, row);
    const finding = compareRecords(topic, dumped, row, versionFirst);
    if (row !== undefined) plan.shifts.add(dumped.record, row.record);
    counts[finding]++;
    if (finding === 'same' || finding === 'since_changed') return;
    const members = row && { members: differingMembers(dumped.record, row.record) };
    plan.report({ finding, key, line: dumped.position.sequenceNumber, ...members });
    if (REPAIRED.has(finding)) toLoad.push(read);
  });
  if (!plan.repair || toLoad.length === 0) return;
  // Loaded, they would outrank everything that comes for hours.
  const [shift] = plan.timesAreRight ? [] : plan.shifts.found();
  if (shift !== undefined) {
    throw new DumpError(
      `Nothing more was repaired: ${shift.field} is ${shift.offset} away from here in ${shift.rows} of ${shift.compared} rows, as by a zone. ` +
        'Export the dump with the offset of its times; where the times here are the wrong ones, add --times-are-right.',
    );
  }
  // Under the key of the dump's time, as a load of it.
  const rows = toLoad.map((read) => repairPosition(protectRecord(topic, privacy, read)));
  await mergeRecords(plan, { from: 0, to: 0, rows, counts: { read: 0, outside: 0, rejected: 0 } }, false);
  // What the guard or the database did not let in is no repair.
  const after = await rowsByKey(
    client,
    topic,
    toLoad.map((read) => keyOf(topic, read)),
  );
  const now = new Map(after.map((row) => [keyOf(topic, row), row]));
  counts.repaired += toLoad.filter((read) => {
    const row = now.get(keyOf(topic, read));
    return compareRecords(topic, asStored(read, row), row, versionFirst) === 'same';
  }).length;
}
