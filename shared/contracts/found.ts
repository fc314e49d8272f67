import { FIELDS, type FieldKind } from './fields.ts';

/** Where docs/profiles.md says how a profile reads messages of a form; the first that fits. */
const MESSAGES: readonly (readonly [form: RegExp, section: string])[] = [
  [/^a registry's schema id, then JSON/, 'format'],
  [/^a registry's schema id, then binary/, 'avro'],
  [/^a delete |^a connector's |^the JSON value null$|and no payload$/, 'deletes'],
  [
    /Debezium envelope|^a CloudEvent$|Kafka Connect|^a JSON string that holds JSON$|^an object whose record/,
    'envelopes',
  ],
];
/** Where it says so of a field's values. */
const VALUES: Partial<Record<FieldKind, readonly (readonly [form: RegExp, section: string])[]>> = {
  timestamp: [
    [
      /^an array of [5-7] numbers$|^an? (?:string|integer) of (?:5|9|10|12|13|15|16|18|19) digits$/,
      'formats-of-values',
    ],
    [/^a number of (?:9|10) digits, /, 'formats-of-values'],
    [
      /^a timestamp (?:without seconds|with the name)|^an object with members? .*seconds/,
      'formats-of-values',
    ],
  ],
  money: [[/can be base64$|^an object with members? .*scale/, 'formats-of-values']],
  version: [[/^an object with members? /, 'a-place-in-a-log-as-version']],
};
const PATHS = /the profile can name the path to its/;

/** Every section that a detail may name; a test looks for each in the page. */
export const NAMED_SECTIONS: readonly string[] = [
  ...new Set([...MESSAGES, ...Object.values(VALUES).flat()].map(([, section]) => section)),
];

/** The end of a detail: what arrived, and where it stands how a profile reads that, if one can. */
export function found(form: string, kind?: FieldKind): string {
  const sections = kind === undefined ? MESSAGES : (VALUES[kind] ?? []);
  const section =
    sections.find(([forms]) => forms.test(form))?.[1] ?? (PATHS.test(form) ? 'format' : undefined);
  return section === undefined ? `found ${form}` : `found ${form} (docs/profiles.md#${section})`;
}

const FORM = /(?:; |: )found (.+?)(?: \(docs\/profiles\.md#[a-z-]+\))?$/;

/** What arrived, of the detail of a dead letter; `undefined` where it names none. */
export function foundIn(detail: string): string | undefined {
  return FORM.exec(detail)?.[1];
}

/** What is wrong with a dead letter, as its detail says it; a member is `null` where the detail does not name it. */
export interface Fault {
  readonly field: string | null;
  /** What arrived (SPEC 2.4). */
  readonly form: string | null;
  /** The section of docs/profiles.md by which a profile reads what arrived. */
  readonly section: string | null;
}

const FIELD_NAMES: ReadonlySet<string> = new Set(
  Object.values(FIELDS).flatMap((fields) => fields.map(({ name }) => name)),
);

/** Field, form and section of a detail, as the rules of this folder write it. */
export function faultOf(detail: string): Fault {
  const field = /^([a-z_]+): /.exec(detail)?.[1];
  return {
    field: field !== undefined && FIELD_NAMES.has(field) ? field : null,
    form: foundIn(detail) ?? null,
    section: /\(docs\/profiles\.md#([a-z-]+)\)$/.exec(detail)?.[1] ?? null,
  };
}
