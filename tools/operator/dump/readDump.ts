import { readCsv } from './csv.ts';
import { DumpError } from './dumpError.ts';
import type { DumpLine, DumpOptions } from './dumpLine.ts';
import { readNdjson } from './ndjson.ts';
import { peek } from './peek.ts';
import { readPgDump } from './pgDump.ts';

/** Forms that are known by their first bytes and not read, with what makes rows of them. */
const OTHER_FORMS: readonly (readonly [bytes: string, form: string, remedy: string])[] = [
  ['PK\x03\x04', 'a zip archive, or a spreadsheet', 'unzip -p FILE | ... --ledger -, or export it as CSV'],
  ['\xfd7zXZ\0', 'packed by xz', 'xz -dc FILE | ... --ledger -'],
  ['BZh', 'packed by bzip2', 'bzip2 -dc FILE | ... --ledger -'],
  ['\x28\xb5\x2f\xfd', 'packed by zstd', 'zstd -dc FILE | ... --ledger -'],
  ["7z\xbc\xaf'\x1c", 'a 7z archive', '7z x -so FILE | ... --ledger -'],
  ['PAR1', 'a Parquet file', 'export it as CSV or NDJSON'],
  ['\xff\xfe', 'UTF-16', 'iconv -f UTF-16 -t UTF-8 FILE | ... --ledger -'],
  ['\xfe\xff', 'UTF-16', 'iconv -f UTF-16 -t UTF-8 FILE | ... --ledger -'],
];
const TAR_MAGIC = { at: 257, bytes: 'ustar' };

function refuseOtherForms(first: Buffer): void {
  const text = first.subarray(0, 512).toString('latin1');
  const isTar = text.startsWith(TAR_MAGIC.bytes, TAR_MAGIC.at);
  const [, form, remedy] =
    OTHER_FORMS.find(([bytes]) => text.startsWith(bytes)) ??
    (isTar ? ['', 'a tar archive', 'tar -xOf FILE | ... --ledger -'] : []);
  if (form !== undefined) throw new DumpError(`The dump is ${form}. Make rows of it first: ${remedy}`);
  // Without its mark: every other byte of an ASCII text is 0.
  if (text.includes('\0')) {
    throw new DumpError(
      'The dump holds bytes that are 0: it is UTF-16 without a mark (iconv -f UTF-16LE -t UTF-8 FILE), or no text at all.',
    );
  }
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
  refuseOtherForms(first);
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
  if (start.startsWith('[')) {
    throw new DumpError("This is one JSON array. Make a line of each of its records: jq -c '.[]' FILE");
  }
  if (start.startsWith('{')) yield* readNdjson(all, options);
  else if (/^(--|COPY |SET |\\)/.test(start)) yield* readPgDump(all, options);
  else yield* readCsv(all, options);
}
