import type { Contract } from '../../../shared/contracts/profile.ts';
import { type Rejection, reject } from '../../../shared/contracts/rejection.ts';
import type { DumpRow } from './dumpLine.ts';

/** What exporters write for no value. As an id it would make one payment of all that have none. */
const NO_VALUE = /^(\\N|null|\(null\)|<null>|\[null\])$/i;
const NO_ID = /^(none|nil|undefined|nan|#?n\/a)$/i;
/** How a spreadsheet shows a long number: the digits that are missing are lost. */
const ROUNDED = /^[+-]?\d(\.\d+)?E\+\d{2,3}$/i;

/** A name that somebody chose may be any of these words. */
const FREE_TEXT = 'merchant_name';

/** Why the text of a cell is not what the source holds; `undefined` where it may be. */
export function exporterMark(contract: Contract, { fields }: DumpRow): Rejection | undefined {
  for (const { name, names, kind } of contract.fields) {
    if (name === FREE_TEXT) continue;
    for (const column of names) {
      const value = fields[column];
      if (typeof value !== 'string') continue;
      const isId = kind === 'identifier';
      if (NO_VALUE.test(value) || (isId && NO_ID.test(value))) {
        return reject(
          'field_invalid',
          `${name}: is a word that exporters write for no value. Make the dump with COPY ... CSV, or say which word it is: --null TEXT`,
        );
      }
      if ((isId || kind === 'money') && ROUNDED.test(value)) {
        return reject('field_invalid', `${name}: is a number that a spreadsheet has rounded (1.23E+17)`);
      }
    }
  }
  return undefined;
}
