import * as z from 'zod';
import { isObject } from './json.ts';
import { integerText } from './values.ts';

/**
 * A place in a source's log as a version (SPEC 2.4): an epoch, which an operator raises when the source was restored or failed
 * over, before the place in its log. Each part has a range of its own, so that no place of one epoch reaches into the next.
 */
const LSN = { range: 10n ** 15n, epochs: 1000 };
/** Numbers of files have six digits; places are bytes of a file. */
const BINLOG = { range: 10n ** 16n, epochs: 100 };
const BINLOG_PLACES = 10n ** 10n;

const epochOf = (epochs: number) =>
  z
    .int()
    .min(0)
    .max(epochs - 1)
    .describe('Raised by one when the log of the source begins anew: after a restore or a failover.');

/** How a profile says that a version is written. */
export const versionFormatSchema = z
  .discriminatedUnion(
    'format',
    [
      z.strictObject({
        format: z
          .literal('postgres_lsn')
          .describe("A place in PostgreSQL's log: an integer, or text as 16/B374D848."),
        epoch: epochOf(LSN.epochs),
      }),
      z.strictObject({
        format: z
          .literal('mysql_binlog')
          .describe("A place in MySQL's log: an object of file and pos, such as Debezium's source."),
        epoch: epochOf(BINLOG.epochs),
      }),
    ],
    { error: 'must be postgres_lsn or mysql_binlog, with an epoch' },
  )
  .meta({ id: 'version_format' });
export type VersionFormat = z.infer<typeof versionFormatSchema>;

/** How the versions of a field are read, and the rule that a dead letter names. */
export interface VersionReader {
  readonly rule: string;
  readonly read: (value: unknown) => bigint | undefined;
}

export function versionReader({ format, epoch }: VersionFormat): VersionReader {
  if (format === 'postgres_lsn') {
    const rule = "must be a place in PostgreSQL's log below 10^15";
    return { rule, read: (value) => inEpoch(lsnOf(value), epoch, LSN.range) };
  }
  const rule = "must be an object of file and pos: a place in MySQL's log (file below 10^6, pos below 10^10)";
  return { rule, read: (value) => inEpoch(binlogPlace(value), epoch, BINLOG.range) };
}

function inEpoch(place: bigint | undefined, epoch: number, range: bigint): bigint | undefined {
  return place === undefined || place >= range ? undefined : BigInt(epoch) * range + place;
}

function lsnOf(value: unknown): bigint | undefined {
  const halves = typeof value === 'string' ? /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i.exec(value) : null;
  if (halves !== null) return (BigInt(`0x${halves[1]}`) << 32n) | BigInt(`0x${halves[2]}`);
  const digits = typeof value === 'string' ? value : integerText(value);
  return digits !== undefined && /^(?:0|[1-9]\d{0,19})$/.test(digits) ? BigInt(digits) : undefined;
}

/** Rows of one event in the log have one place: they are different rows, but for a statement that changes one twice. */
function binlogPlace(value: unknown): bigint | undefined {
  if (!isObject(value)) return undefined;
  const { file, pos } = value;
  const number = typeof file === 'string' ? /\.(\d{1,6})$/.exec(file)?.[1] : undefined;
  const digits = integerText(pos);
  if (number === undefined || digits === undefined || !/^\d{1,10}$/.test(digits)) return undefined;
  return BigInt(number) * BINLOG_PLACES + BigInt(digits);
}
