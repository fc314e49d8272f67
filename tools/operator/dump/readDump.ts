import { readCsv } from './csv.ts';
import { DumpError } from './dumpError.ts';
import type { DumpLine, DumpOptions } from './dumpLine.ts';
import { readNdjson } from './ndjson.ts';
import { peek } from './peek.ts';
import { readPgDump } from './pgDump.ts';

/**
 * Reads the rows of a dump in pages: CSV with a header (as `COPY ... CSV HEADER` writes it), NDJSON, or the plain text
 * of `pg_dump`. Which of these it is shows in its first bytes. Memory is bounded by a page and the longest row.
 *
 * @throws DumpError
 */
export async function* readDump(
  chunks: AsyncIterable<Buffer>,
  options: DumpOptions,
): AsyncGenerator<readonly DumpLine[]> {
  const { first, all } = await peek(chunks);
  if (first === undefined) throw new DumpError('The dump is empty.');
  const start = first
    .subarray(0, 64)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (start.startsWith('PGDMP')) {
    throw new DumpError(
      'This is a dump in the custom format of pg_dump. Make it readable first: pg_restore --data-only -f FILE.sql DUMP',
    );
  }
  if (start.startsWith('{')) yield* readNdjson(all, options);
  else if (/^(--|COPY |SET |\\)/.test(start)) yield* readPgDump(all, options);
  else yield* readCsv(all, options);
}
