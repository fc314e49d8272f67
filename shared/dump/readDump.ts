import type { JsonObject } from '../contracts/decode.ts';
import type { Rejection } from '../contracts/rejection.ts';
import { readCsv } from './csv.ts';
import { DumpError } from './dumpError.ts';
import { readNdjson } from './ndjson.ts';
import { peek } from './peek.ts';
import { readPgDump } from './pgDump.ts';

/** One row of a dump. */
export interface DumpRow {
  /** Where it ends in the unpacked dump, from 1. */
  readonly line: number;
  readonly fields: JsonObject;
}

/** A line that is no row. */
export interface BadLine {
  readonly line: number;
  readonly rejection: Rejection;
  readonly text: string;
}

export type DumpLine = DumpRow | BadLine;

export interface DumpOptions {
  /** Which table of a plain `pg_dump`, where it holds several. */
  readonly table?: string | undefined;
  /** Told the names of the columns, before the first row; throws where they do not do. */
  readonly checkColumns: (names: readonly string[]) => void;
}

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
  if (start.startsWith('{')) yield* readNdjson(all);
  else if (/^(--|COPY |SET |\\)/.test(start)) yield* readPgDump(all, options);
  else yield* readCsv(all, options);
}
