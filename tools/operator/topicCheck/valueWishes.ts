import type { Evidence } from './evidence.ts';
import type { Format } from './formats.ts';
import type { Place } from './reading.ts';
import type { Finding } from './report.ts';
import { shownPath } from './tally.ts';

/** Currencies whose smallest unit is the whole one. */
const WITHOUT_MINOR_UNIT = new Set(
  'KRW JPY VND CLP ISK PYG UGX XAF XOF XPF BIF DJF GNF KMF RWF VUV'.split(' '),
);
/** So many amounts without a fraction are no accident, of a currency that has one. */
const MANY_AMOUNTS = 10;

/** What the values of fields make one ask, though each of them is read. */
export function valueWishes({ reading, history }: Evidence): Finding[] {
  const wishes: Finding[] = [];
  for (const { field, chosen } of reading.fields) {
    const amounts = field.kind === 'money' ? chosen.filter(({ format }) => format === undefined) : [];
    const exponents = amounts.filter(({ member }) => member.formats.has('exponent'));
    if (exponents.length > 0)
      wishes.push({
        code: 'through_double',
        field: field.name,
        names: exponents.map(({ path }) => shownPath(path)),
      });
    const whole = amounts.filter(
      (place) => isOnly(place, ['integer', 'digits']) && place.member.present >= MANY_AMOUNTS,
    );
    if (whole.length > 0 && hasMinorUnit(reading)) {
      wishes.push({
        code: 'confirm_scale',
        field: field.name,
        names: whole.map(({ path }) => shownPath(path)),
      });
    }
    const isCut = chosen.some((place) => isOnly(place, ['epoch_milliseconds']));
    if (field.name === 'updated_at' && reading.envelope.at(-1) === 'after' && isCut) {
      wishes.push({ code: 'cut_to_milliseconds', field: field.name });
    }
  }
  if (history.ofOtherType > 0) wishes.push({ code: 'never_paired', detail: String(history.ofOtherType) });
  return wishes;
}

function isOnly({ member }: Place, formats: readonly Format[]): boolean {
  return [...member.formats.keys()].every((format) => formats.includes(format));
}

function hasMinorUnit({ payload }: Evidence['reading']): boolean {
  const currencies = [...payload.children.values()].flatMap((member) => [...(member.currencies ?? [])]);
  return currencies.some((code) => /^[A-Z]{3}$/.test(code) && !WITHOUT_MINOR_UNIT.has(code));
}
