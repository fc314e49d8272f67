import type { DumpTopic } from '../../../shared/contracts/fields.ts';
import { normalise } from '../../../shared/contracts/normalise.ts';
import type { Contract, ContractField } from '../../../shared/contracts/profile.ts';
import { BUSINESS_TIME, type RecordOf } from '../../../shared/contracts/records.ts';
import type { Rejection } from '../../../shared/contracts/rejection.ts';
import type { Microseconds } from '../../../shared/contracts/timestamp.ts';
import type { Positioned } from '../../../shared/precedence/precedence.ts';
import { DumpError } from './dumpError.ts';
import type { DumpLine } from './dumpLine.ts';
import { exporterMark } from './exporterMark.ts';

/** Which rows of a dump are meant, and when it was made. Microseconds. */
export interface DumpWindow {
  readonly asOf: Microseconds;
  /** How far `updated_at` may lie after that: the rows and the time come from two clocks. */
  readonly maxClockSkew: Microseconds;
  /** From then on, and before that; `null`: no limit. */
  readonly since: Microseconds | null;
  readonly until: Microseconds | null;
  /** Which time of a row: when it happened (event_time; of an order updated_at, else created_at), or `created_at`, as control totals count. */
  readonly by: 'business_time' | 'created_at';
}

export type DumpContract<T extends DumpTopic> = Contract & { readonly logicalTopic: T };

/** Rows of a dump lie before all partitions, at its time (SPEC 3): a dump and events can be loaded in any order. */
export const DUMP_PARTITION = -1;

/** What a line of a dump is: a record with its position, or a rejection. */
export function readRecord<T extends DumpTopic>(
  contract: DumpContract<T>,
  { asOf, maxClockSkew }: Pick<DumpWindow, 'asOf' | 'maxClockSkew'>,
  line: DumpLine,
): Positioned<T> | Rejection {
  if ('rejection' in line) return line.rejection;
  const mark = exporterMark(contract, line);
  if (mark !== undefined) return mark;
  const read = normalise(contract, line.fields, { enqueuedAt: asOf, maxClockSkew });
  if (!read.accepted) return read;
  const position = { enqueuedAt: asOf, partition: DUMP_PARTITION, sequenceNumber: line.line };
  return { record: read.record, position };
}

/** When a row of the source was created: its `created_at` here. */
export const CREATED_AT: { readonly [T in DumpTopic]: (record: RecordOf<T>) => Microseconds } = {
  ledger: (record) => record.sourceCreatedAt,
  payment_order: (record) => record.createdAt,
};

/** Whether a record's time lies in the window. */
export function inWindow<T extends DumpTopic>(
  topic: T,
  { since, until, by }: DumpWindow,
  { record }: Positioned<T>,
): boolean {
  const time = by === 'created_at' ? CREATED_AT[topic](record) : BUSINESS_TIME[topic](record);
  return time === null || ((since === null || time >= since) && (until === null || time < until));
}

/**
 * @throws DumpError where a core field has no column: every line would be rejected; or where two columns have the name of a
 * field: nobody knows which of them is meant.
 */
export function checkColumns(contract: Contract, columns: readonly string[]): void {
  const columnsOf = ({ names, paths }: ContractField) => [...names, ...paths.map(([first]) => first!)];
  const twice = contract.fields
    .flatMap(columnsOf)
    .find((name) => columns.indexOf(name) !== columns.lastIndexOf(name));
  if (twice !== undefined) {
    throw new DumpError(`The dump has two columns named ${twice}. Leave one out, or give it another name.`);
  }
  const hasColumn = (field: ContractField) => columnsOf(field).some((name) => columns.includes(name));
  const missing = contract.fields.filter((field) => field.core && !hasColumn(field));
  // An absent event_time falls back to source_created_at, as in an event.
  const fallback = contract.fields.find(({ name }) => name === 'source_created_at');
  const needed = missing.filter(
    ({ name }) => name !== 'event_time' || fallback === undefined || !hasColumn(fallback),
  );
  if (needed.length === 0) return;
  const wanted = needed.map(({ names }) => names.join(' or ')).join('; ');
  throw new DumpError(
    `The dump has no column for: ${wanted}. ${columnsShown(columns)} Name them in the profile, or in the query of the dump.`,
  );
}

/** Of a file without a header, the first line is a record: what it holds is not shown. */
function columnsShown(columns: readonly string[]): string {
  const names = columns.filter((name) => /^[A-Za-z_][A-Za-z_ ]{0,40}\d{0,2}$/.test(name));
  if (names.length < columns.length / 2) {
    return `Its first line has ${columns.length} values and does not look like the names of columns.`;
  }
  const others = columns.length - names.length;
  return `Its columns are: ${names.slice(0, 30).join(', ')}${others > 0 ? ` and ${others} more` : ''}.`;
}
