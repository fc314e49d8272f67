import { type Command, InvalidArgumentError } from 'commander';
import { type Microseconds, readTimestamp } from '../../../../shared/contracts/timestamp.ts';
import type { OperatorSettings } from '../../../../shared/settings/settings.ts';
import { Complaint } from '../../../terminal/exit.ts';
import { time, wholeNumber } from '../../../terminal/options.ts';
import { checkOutputs } from '../../../terminal/outputFiles.ts';
import { userPath } from '../../../terminal/userPath.ts';
import type { DumpWindow } from '../dumpRecords.ts';

/** Options of every command that reads a dump. */
export interface DumpCommandOptions {
  ledger?: string;
  orders?: string;
  asOf: string;
  since?: string;
  until?: string;
  days?: number;
  window?: Span;
  table?: string[];
  null?: string;
  yes?: boolean;
  as?: string;
  json?: boolean;
}

/** A half-open stretch of time. */
interface Span {
  readonly start: Microseconds;
  readonly end: Microseconds;
}

const DAY = 86_400_000_000;

export function withDumpOptions(command: Command): Command {
  return command
    .option('--ledger <file>', 'dump of the ledger entries; - is standard input')
    .option('--orders <file>', 'dump of the payment orders; - is standard input')
    .requiredOption('--as-of <time>', 'when the dump was made: newer events are not touched', time)
    .option('--since <time>', 'only rows of that time or later', time)
    .option('--until <time>', 'only rows before that time', time)
    .option('--days <n>', 'only rows of the last n days before --as-of', wholeNumber(1))
    .option(
      '--window <start/end>',
      'only rows that were created from START on and before END, as a control total counts them; a day at most',
      span,
    )
    .option(
      '--table <name>',
      "which table of a pg_dump, where it holds several; again for another one, 'NAME_*' for all partitions",
      (name: string, before: string[] = []) => [...before, name],
    )
    .option('--null <text>', 'the word that stands for no value in a CSV (default: nothing, and \\N)')
    .option('--yes', 'do not ask where that writes to another machine')
    .option('--as <name>', 'who asks, for the audit log (default: the user of this machine)')
    .option('--json', 'write JSON');
}

/**
 * The dumps that were named; entries first: an order is added to the pair that is there by one update, and without one costs
 * a row that is inserted and deleted.
 */
export function dumpsOf({ ledger, orders }: DumpCommandOptions) {
  if (ledger === undefined && orders === undefined)
    throw new Complaint('Name a dump: --ledger FILE, --orders FILE, or both.');
  if (ledger === '-' && orders === '-') throw new Complaint('Standard input can be one dump only.');
  return [
    ...(ledger === undefined ? [] : [{ topic: 'ledger' as const, path: userPath(ledger) }]),
    ...(orders === undefined ? [] : [{ topic: 'payment_order' as const, path: userPath(orders) }]),
  ];
}

/**
 * A file that a command writes beside its dump: one for one dump, and none of the dumps.
 * @throws Complaint
 */
export function checkDumpOutput(
  { ledger, orders }: DumpCommandOptions,
  option: string,
  path: string | undefined,
): void {
  if (path === undefined) return;
  if (ledger !== undefined && orders !== undefined) {
    throw new Complaint(
      `${option} names one file for two dumps: leave it out, or give one dump after the other.`,
    );
  }
  const pathOf = (name: string | undefined) => name && userPath(name);
  checkOutputs({ '--ledger': pathOf(ledger), '--orders': pathOf(orders) }, { [option]: pathOf(path) });
}

export function windowOf(
  { asOf, since, until, days, window }: DumpCommandOptions,
  { maxClockSkew }: OperatorSettings,
): DumpWindow {
  if (window !== undefined && (days ?? since ?? until) !== undefined)
    throw new Complaint('--window says which rows: leave --since, --until and --days out.');
  if (days !== undefined && since !== undefined)
    throw new Complaint('--days and --since say the same thing: use one.');
  const at = (text: string) => Date.parse(text) * 1000;
  const ahead = at(asOf) - Date.now() * 1000;
  if (ahead > maxClockSkew) {
    throw new Complaint(
      `--as-of lies ${Math.ceil(ahead / 60_000_000)} minutes in the future: every event until then would lose against the dump. ` +
        'Give the time at which the dump was made, with its zone.',
    );
  }
  if (window !== undefined) {
    return { asOf: at(asOf), maxClockSkew, since: window.start, until: window.end, by: 'created_at' };
  }
  const first = days !== undefined ? at(asOf) - days * DAY : since === undefined ? null : at(since);
  const last = until === undefined ? null : at(until);
  if (first !== null && last !== null && first >= last) {
    throw new Complaint('--since is not before --until: no row can lie between.');
  }
  return { asOf: at(asOf), maxClockSkew, since: first, until: last, by: 'business_time' };
}

/** Reads `START/END`, to the microsecond. */
function span(text: string): Span {
  const [start, end, ...more] = text.split('/').map(instant);
  if (start === undefined || end === undefined || more.length > 0) {
    throw new InvalidArgumentError(
      'It must be START/END, such as 2026-11-22T10:00:00Z/2026-11-22T10:01:00Z.',
    );
  }
  if (end <= start) throw new InvalidArgumentError('It must end after it starts.');
  if (end - start > DAY) throw new InvalidArgumentError('It may be a day at most.');
  return { start, end };
}

function instant(text: string): Microseconds {
  // Refuses what has no zone.
  time(text);
  const at = readTimestamp(text, (local) => local);
  if (at === undefined) {
    throw new InvalidArgumentError('Its years are 2000 to 2100, and its seconds are given.');
  }
  return at;
}
