import type { FieldKind } from '../../shared/contracts/fields.ts';
import { NumberText } from '../../shared/contracts/json.ts';
import { numberText } from '../../shared/contracts/values.ts';
import type { LooseRule } from '../../tools/contracts/kinds.ts';

const LONGEST: Partial<Record<FieldKind, number>> = { identifier: 256, text: 1024, schema_version: 1024 };

/** Which of the rules that no schema can say makes the sync refuse a value; `undefined` where none does. */
export function looseRule(kind: FieldKind, raw: unknown): LooseRule | undefined {
  if (typeof raw === 'number' || raw instanceof NumberText) {
    const written = numberText(raw)!;
    if (kind === 'money') return 'money_digits';
    if (kind === 'schema_version') return /[eE]/.test(written) ? 'integer_notation' : undefined;
    if (kind === 'text') return undefined;
    if (/[.eE]/.test(written) || written === '-0') return 'integer_notation';
    return Number.isSafeInteger(Number(written)) ? undefined : 'double';
  }
  if (typeof raw !== 'string') return undefined;
  const text = raw.trim();
  switch (kind) {
    case 'identifier':
    case 'text':
    case 'schema_version':
      if (!text.isWellFormed()) return 'lone_surrogate';
      return text !== raw && [...text].length > LONGEST[kind]! ? 'trimmed_length' : undefined;
    case 'money':
      return /[eE]/.test(text) || text.includes('.') ? 'money_digits' : undefined;
    case 'timestamp': {
      const [year, month, day] = text.slice(0, 10).split('-').map(Number);
      const exists = new Date(Date.UTC(year!, month! - 1, day)).getUTCDate() === day;
      return !exists ||
        /^(1999-12-31|2000-01-01|2100-12-31|2101-01-01)/.test(text) ||
        year! === 1999 ||
        year! === 2101
        ? 'calendar'
        : undefined;
    }
    case 'version':
      return undefined;
  }
}
