import { Readable } from 'node:stream';
import { type CsvError, type Info, parse } from 'csv-parse';
import { reject } from '../contracts/rejection.ts';
import { DumpError, type DumpLine, type DumpOptions } from './readDump.ts';

const PAGE = 1000;
/** A quote that is never closed would take in the rest of the file. */
const MAX_RECORD = 4 * 1024 * 1024;

/** CSV with a header. A row that is no CSV, or has another number of columns, is a bad line; the others are read. */
export async function* readCsv(
  chunks: AsyncIterable<Buffer>,
  { checkColumns }: Pick<DumpOptions, 'checkColumns'>,
): AsyncGenerator<readonly DumpLine[]> {
  let page: DumpLine[] = [];
  const parser = parse({
    bom: true,
    info: true,
    max_record_size: MAX_RECORD,
    columns: (names: string[]) => {
      checkColumns(names);
      return names;
    },
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error: CsvError | undefined, raw: string | undefined) => {
      const rule =
        error?.code === 'CSV_RECORD_INCONSISTENT_COLUMNS' ? 'another number of columns' : 'no valid CSV';
      const line = Number(error?.['lines'] ?? 0);
      page.push({ line, rejection: reject('not_an_object', `the row has ${rule}`), text: raw ?? '' });
      return undefined;
    },
  });
  const source = Readable.from(utf8Only(chunks), { objectMode: false, highWaterMark: 1024 * 1024 });
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  for await (const { record, info } of parser as AsyncIterable<{
    record: Record<string, string>;
    info: Info;
  }>) {
    page.push({ line: info.lines, fields: record });
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  yield page;
}

/** The parser would put U+FFFD in the place of what is no UTF-8, and that would be stored. */
async function* utf8Only(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const chunk of chunks) {
      decoder.decode(chunk, { stream: true });
      yield chunk;
    }
    decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new DumpError(
      "The dump is not UTF-8. Make it with COPY ... (FORMAT csv, HEADER, ENCODING 'UTF8').",
    );
  }
}
