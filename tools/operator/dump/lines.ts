import { DumpError } from './dumpError.ts';

/** A line may be this long; a longer one would be read into memory whole. */
const MAX_LINE = 16 * 1024 * 1024;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Splits chunks into lines, without their ends; a page is what one chunk completes. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer[]> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      lines.push(bytes.subarray(start, bytes[end - 1] === RETURN && end > start ? end - 1 : end));
      start = end + 1;
    }
    rest = bytes.subarray(start);
    if (rest.length > MAX_LINE)
      throw new DumpError(`A line is longer than ${MAX_LINE} bytes: this is no dump of rows.`);
    yield lines;
  }
  if (rest.length > 0) yield [rest];
}
