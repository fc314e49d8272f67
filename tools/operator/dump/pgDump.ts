import { isUtf8 } from 'node:buffer';
import { type RejectionReason, reject } from '../../../shared/contracts/rejection.ts';
import { DumpError } from './dumpError.ts';
import type { DumpLine, DumpOptions } from './dumpLine.ts';
import { linesOf } from './lines.ts';

const COPY = /^COPY (\S+) \((.+)\) FROM stdin;$/;

/**
 * The plain text of `pg_dump`: the rows between `COPY table (columns) FROM stdin;` and `\.`, in PostgreSQL's text format.
 * All else is skipped.
 */
export async function* readPgDump(
  chunks: AsyncIterable<Buffer>,
  { tables, checkColumns, skipTo = 0 }: DumpOptions,
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
        if (tables !== undefined && !tables.some((wanted) => isNamed(name, wanted))) {
          skipping = true;
          continue;
        }
        found.push(name);
        if (tables === undefined && found.length > 1) {
          throw new DumpError(
            `The dump holds several tables (${found.join(', ')}, ...). Say which: --table NAME; of one that is partitioned: --table 'NAME_*'`,
          );
        }
        columns = start[2]!.split(', ').map((column) => column.replaceAll('"', ''));
        checkColumns(columns);
      } else if (text === '\\.') {
        columns = undefined;
        skipping = false;
      } else if (columns !== undefined && line > skipTo) {
        page.push(
          isUtf8(bytes) ? rowOf(columns, line, text) : bad(line, 'not_utf8', 'is not valid UTF-8', text),
        );
      }
    }
    yield page;
  }
  if (columns !== undefined) {
    throw new DumpError(
      `The dump ends in the middle of its rows, after line ${line}. Was it copied to its end?`,
    );
  }
  if (found.length === 0) {
    throw new DumpError(
      tables === undefined
        ? 'The dump holds no rows as COPY. Dump with pg_dump --data-only --table=NAME, and without --inserts.'
        : `The dump holds no rows of ${tables.join(', ')} as COPY.`,
    );
  }
}

/** With or without its schema; `*` stands for anything. */
function isNamed(name: string, wanted: string): boolean {
  const literal = (part: string) => part.replaceAll(/[$()+.?[\\\]^{|}]/g, '\\$&');
  const pattern = new RegExp(`^${wanted.split('*').map(literal).join('.*')}$`);
  return pattern.test(name) || pattern.test(name.split('.').at(-1)!);
}

function rowOf(columns: readonly string[], line: number, text: string): DumpLine {
  const values = text.split('\t');
  if (values.length !== columns.length)
    return bad(line, 'not_an_object', 'has another number of columns', text);
  return {
    line,
    fields: Object.fromEntries(columns.map((column, index) => [column, decoded(values[index]!)])),
  };
}

function bad(line: number, reason: RejectionReason, rule: string, text: string): DumpLine {
  return { line, rejection: reject(reason, `the row ${rule}`), text };
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function decoded(value: string): string | null {
  if (value === '\\N') return null;
  return value.includes('\\')
    ? value.replace(/\\(.)/gs, (_match, code: string) => ESCAPES[code] ?? code)
    : value;
}
