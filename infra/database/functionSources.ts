import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  LOGICAL_TOPICS,
  type LogicalTopic,
  STORED_FIELDS,
  type StoredField,
} from '../../shared/contracts/fields.ts';
import { FUNCTIONS_SCHEMA } from '../../shared/store/release.ts';

const FOLDER = join(import.meta.dirname, 'functions');

import { TABLE_OF } from '../../shared/store/tableOf.ts';

/** What the functions and types of each topic are called by. */
const NAME_OF: Readonly<Record<LogicalTopic, string>> = {
  ledger: 'ledger',
  payment_order: 'orders',
  pair: 'confirmations',
  control: 'totals',
};

const SQL_TYPE: Readonly<Record<StoredField['kind'], string>> = {
  identifier: 'text',
  text: 'text',
  currency: 'text',
  schema_version: 'text',
  money: 'numeric',
  timestamp: 'timestamptz',
  version: 'bigint',
  count: 'bigint',
  source: 'text',
};

/** The broker's position of a row's event, behind its fields. */
const POSITION = [
  ['source_enqueued_at', 'timestamptz'],
  ['source_partition', 'integer'],
  ['source_sequence', 'bigint'],
] as const;

/** A dump can be loaded of these: the others are no tables of the source. */
const DUMP_TOPICS: readonly LogicalTopic[] = ['ledger', 'payment_order'];

const LINE = 116;

/**
 * The functions of this release as SQL, in the order of their files: those for each topic filled in from the table of
 * fields, and `release` replaced by the schema's name.
 */
export function functionSources(schema: string = FUNCTIONS_SCHEMA): string {
  const files = globSync('*.sql', { cwd: FOLDER }).sort();
  return files
    .flatMap((file) => {
      const text = readFileSync(join(FOLDER, file), 'utf8');
      if (!file.endsWith('.each.sql')) return [fill(text, 'ledger')];
      const topics = file.includes('backfill') ? DUMP_TOPICS : LOGICAL_TOPICS;
      // The comment above is of all of them.
      return topics.map((topic, index) => fill(index === 0 ? text : text.replace(/^(--.*\n)+/, ''), topic));
    })
    .join('\n')
    .replaceAll(/\brelease(?=\.|\s+(?:FROM|TO)\b)/g, schema);
}

/** Fills in `${...}`; a name with a topic before it (`${ledger.columns}`) is of that topic. */
function fill(text: string, topic: LogicalTopic): string {
  return text.replaceAll(
    /\$\{(?:(\w+)\.)?(\w+)(?:\((\w+)\))?\}/g,
    (placeholder, other: LogicalTopic | undefined, name: string, alias: string | undefined) => {
      const value = VALUES[name];
      if (value === undefined) throw new Error(`${placeholder} is no placeholder of the functions.`);
      return value(other ?? topic, alias === undefined ? '' : `${alias}.`);
    },
  );
}

const columnsOf = (topic: LogicalTopic) => [
  ...STORED_FIELDS[topic].map(({ column }) => column),
  ...POSITION.map(([column]) => column),
];
const keyOf = (topic: LogicalTopic) => STORED_FIELDS[topic].find(({ role }) => role === 'key')!.column;

const VALUES: Readonly<Record<string, (topic: LogicalTopic, alias: string) => string>> = {
  name: (topic) => NAME_OF[topic],
  table: (topic) => TABLE_OF[topic],
  key: keyOf,
  columns: (topic, alias) => list(columnsOf(topic).map((column) => alias + column)),
  content: (topic, alias) =>
    list(STORED_FIELDS[topic].filter(({ role }) => role === 'content').map(({ column }) => alias + column)),
  assignments: (topic) =>
    list(
      columnsOf(topic)
        .filter((column) => column !== keyOf(topic))
        .map((column) => `${column} = excluded.${column}`),
    ),
  row_fields: (topic) =>
    [
      ...STORED_FIELDS[topic].map(({ column, kind }) => `${column} ${SQL_TYPE[kind]}`),
      ...POSITION.map(([column, type]) => `${column} ${type}`),
    ].join(',\n  '),
};

/** Names with commas, in lines that can be read. */
function list(names: readonly string[]): string {
  let text = '';
  let length = 40;
  for (const [index, name] of names.entries()) {
    const part = index === 0 ? name : `, ${name}`;
    length += part.length;
    if (length > LINE) {
      text += `,\n          ${name}`;
      length = 10 + name.length;
    } else text += part;
  }
  return text;
}
