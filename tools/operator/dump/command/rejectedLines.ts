import type { Rejection } from '../../../../shared/contracts/rejection.ts';
import type { DumpLine } from '../dumpLine.ts';

/** What the file of rejected lines says of one. */
export function rejectedLine(line: DumpLine, { reason, detail }: Rejection): object {
  const content = 'text' in line ? { text: line.text } : { row: line.fields };
  return { line: line.line, reason, detail, ...content };
}

/** The reason of a line that only the database refuses. */
export const REFUSED_BY_DATABASE = 'rejected_by_database';

/** The same of a line that only the database refuses. */
export function refusedLine({ line, state }: { readonly line: number; readonly state: string }): object {
  return { line, reason: REFUSED_BY_DATABASE, detail: `SQLSTATE ${state}` };
}
