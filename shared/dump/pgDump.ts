import { isUtf8 } from 'node:buffer';
import { reject } from '../contracts/rejection.ts';
import { linesOf } from './lines.ts';
import { DumpError, type DumpLine, type DumpOptions } from './readDump.ts';

const COPY = /^COPY (\S+) \((.+)\) FROM stdin;$/;

/**
 * The plain text of `pg_dump`: the rows between `COPY table (columns) FROM stdin;` and `\.`, in PostgreSQL's text format.
 * All else is skipped.
 */
export async function* readPgDump(
  chunks: AsyncIterable<Buffer>,
  { table, checkColumns }: DumpOptions,
): AsyncGenerator<readonly DumpLine[]> {
  let line = 0;
  let columns: string[] | undefined;
  let skipping = false;
  const found: string[] = [];
  for await (const lines of linesOf(chunks)) {
    const page: DumpLine[] = [];
    for (const bytes of lines) {
      line++;
      const text = bytes.toString('utf8');
      if (columns === undefined && !skipping) {
        const start = COPY.exec(text);
        if (start === null) continue;
        const name = start[1]!.replaceAll('"', '');
        if (table !== undefined && name !== table && name.split('.').at(-1) !== table) {
          skipping = true;
          continue;
        }
        found.push(name);
        if (found.length > 1) {
          throw new DumpError(
            `The dump holds several tables (${found.join(', ')}, ...). Say which: --table NAME`,
          );
        }
        columns = start[2]!.split(', ').map((column) => column.replaceAll('"', ''));
        checkColumns(columns);
      } else if (text === '\\.') {
        columns = undefined;
        skipping = false;
      } else if (columns !== undefined) {
        if (isUtf8(bytes)) page.push({ line, fields: rowOf(columns, text) });
        else page.push({ line, rejection: reject('not_utf8', 'the row is not valid UTF-8'), text });
      }
    }
    yield page;
  }
  if (found.length === 0) {
    throw new DumpError(
      table === undefined
        ? 'The dump holds no rows as COPY. Dump with pg_dump --data-only --table=NAME, and without --inserts.'
        : `The dump holds no rows of ${table} as COPY.`,
    );
  }
}

function rowOf(columns: readonly string[], text: string): Record<string, string | null> {
  const values = text.split('\t');
  return Object.fromEntries(columns.map((column, index) => [column, decoded(values[index] ?? '\\N')]));
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function decoded(value: string): string | null {
  if (value === '\\N') return null;
  return value.includes('\\')
    ? value.replace(/\\(.)/gs, (_match, code: string) => ESCAPES[code] ?? code)
    : value;
}
