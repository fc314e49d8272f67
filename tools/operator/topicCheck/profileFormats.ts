import { type AmountFormat, amountReader } from '../../../shared/contracts/amountFormats.ts';
import type { FieldKind } from '../../../shared/contracts/fields.ts';
import type { JsonObject } from '../../../shared/contracts/json.ts';
import { type TimeFormat, timeReader } from '../../../shared/contracts/timeFormats.ts';
import type { Microseconds } from '../../../shared/contracts/timestamp.ts';

/** A format that a profile can name, and that a value alone can tell. */
export type ProfileFormat = TimeFormat | AmountFormat;

/**
 * Formats that values tell by themselves: the years 2000 to 2100 have other digits in each unit. What a value cannot tell (the
 * scale of minor units and of bytes, the zone of a wall time) is not here: somebody has to say it.
 */
const TIMES = (
  [
    'epoch_seconds',
    'epoch_milliseconds',
    'epoch_microseconds',
    'epoch_nanoseconds',
    'date_parts',
    'seconds_and_nanos',
    'java_time',
  ] as const
).map((format): TimeFormat => ({ format }));
const AMOUNTS = (['value', 'schema'] as const).map(
  (scale): AmountFormat => ({ format: 'connect_decimal', scale }),
);

const asUtc = (local: Microseconds) => local;
type Read = (value: unknown, schema: JsonObject | undefined) => unknown;
const READERS: Readonly<Record<'timestamp' | 'money', readonly { format: ProfileFormat; read: Read }[]>> = {
  timestamp: TIMES.map((format) => ({ format, read: timeReader(format, asUtc).read })),
  money: AMOUNTS.map((format) => {
    const { read } = amountReader(format);
    return { format, read: (value, schema) => read(value, () => schema) };
  }),
};

/**
 * The format by which a value can be read. Always the same object for one format.
 *
 * @param schema the value's own, where the message has one.
 */
export function profileFormatOf(
  value: unknown,
  kind: FieldKind,
  schema?: JsonObject,
): ProfileFormat | undefined {
  if (kind !== 'timestamp' && kind !== 'money') return undefined;
  // Without an offset, java.time's text is a local time.
  if (typeof value === 'string' && /T\d\d:\d\d(?::[\d.]+)?$/.test(value)) return undefined;
  return READERS[kind].find(({ read }) => read(value, schema) !== undefined)?.format;
}
