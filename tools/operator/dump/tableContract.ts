import { fieldReader, readerOf } from '../../../shared/contracts/fieldReader.ts';
import type { Contract, ContractField } from '../../../shared/contracts/profile.ts';
import type { TimeFormat } from '../../../shared/contracts/timeFormats.ts';
import type { LocalTimeZone } from '../../../shared/contracts/timestamp.ts';

/**
 * How the rows of a topic's source table are read: without an envelope, and with values as the database writes them. What a
 * connector makes of a column is not in a dump: its decimals are digits there, its times are text. What the column itself
 * holds, such as minor units or epoch seconds, is as in the messages.
 */
export function tableContract<C extends Contract>(contract: C): C {
  return {
    ...contract,
    envelope: [],
    fields: contract.fields.map((field) => ({ ...field, ...columnReader(field, contract.zone) })),
  };
}

function columnReader({ kind, format, read, rule }: ContractField, zone: LocalTimeZone) {
  if (format === undefined) return { read, rule };
  if (kind === 'money') {
    return format.format === 'connect_decimal' ? readerOf(kind, zone) : { read, rule };
  }
  const { format: _, ...where } = format as TimeFormat;
  const text = fieldReader(kind, where, zone, []);
  return {
    rule,
    read: (...value: Parameters<typeof read>) =>
      typeof value[0] === 'string' && DATE.test(value[0]) ? text.read(...value) : read(...value),
  };
}

/** No number of any unit begins like this. */
const DATE = /^\d{4}-\d\d-\d\d/;
