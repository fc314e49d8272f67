import Papa from 'papaparse';
import { reject } from '../../../shared/contracts/rejection.ts';
import { DumpError } from './dumpError.ts';
import type { DumpLine, DumpOptions } from './dumpLine.ts';

/** A quote that is never closed would take in the rest of the file. */
const MAX_RECORD = 8 * 1024 * 1024;

/** CSV with a header. A row that is no CSV, or has another number of columns, is a bad line; the others are read. */
export async function* readCsv(
  chunks: AsyncIterable<Buffer>,
  options: Omit<DumpOptions, 'tables'>,
): AsyncGenerator<readonly DumpLine[]> {
  let reader: RowReader | undefined;
  let rest = '';
  for await (const text of decoded(chunks)) {
    rest += text;
    reader ??= RowReader.for(rest, options);
    if (reader === undefined) continue;
    const { lines, read } = reader.read(rest, false);
    rest = rest.slice(read);
    if (rest.length > MAX_RECORD) {
      throw new DumpError(`The row after line ${reader.line} does not end: a quote is not closed.`);
    }
    yield lines;
  }
  reader ??= RowReader.for(`${rest}\n`, options);
  if (reader !== undefined) yield reader.read(rest, true).lines;
}

/** Reads rows by the columns of a header. */
class RowReader {
  /** Lines that were read. */
  line = 0;
  readonly #columns: readonly string[];
  readonly #newline: string;
  readonly #skipTo: number;
  readonly #nullText: string | undefined;
  readonly #parser: Papa.Parser;
  #headerRead = false;

  private constructor(
    columns: readonly string[],
    { delimiter, newline }: { readonly delimiter: string; readonly newline: '\n' | '\r\n' },
    { skipTo = 0, nullText }: Pick<DumpOptions, 'skipTo' | 'nullText'>,
  ) {
    this.#columns = columns;
    this.#newline = newline;
    this.#skipTo = skipTo;
    this.#nullText = nullText;
    // Where there is no quote in a text, the parser splits it, which is several times as fast.
    this.#parser = new Papa.Parser({ delimiter, newline });
  }

  /** `undefined` as long as the header's line is not whole. */
  static for(text: string, options: Omit<DumpOptions, 'tables'>): RowReader | undefined {
    const end = text.indexOf('\n');
    if (end < 0) return undefined;
    const [delimiter, header] = headerOf(text.slice(0, end).trimEnd());
    if (header.every((name) => name.trim() === '')) {
      throw new DumpError('The first line is empty: a CSV dump begins with the names of its columns.');
    }
    options.checkColumns(header);
    if (delimiter !== ',') options.note?.(`its columns are separated by ${DELIMITERS[delimiter]}.`);
    const newline = text[end - 1] === '\r' ? '\r\n' : '\n';
    return new RowReader(header, { delimiter, newline }, options);
  }

  /** The whole rows of a text, and how much of it they are; at the end of the dump the last row too. */
  read(text: string, atEnd: boolean): { lines: DumpLine[]; read: number } {
    const quoted = text.includes('"');
    if (!quoted && !atEnd) {
      // Without a quote a row is a line: those that nobody reads need not be taken apart.
      const count = countOf(this.#newline, text);
      if (count > 0 && this.line + count <= this.#skipTo) {
        this.line += count;
        this.#headerRead = true;
        return { lines: [], read: text.lastIndexOf(this.#newline) + this.#newline.length };
      }
    }
    const { data, errors, meta } = this.#parser.parse(text, 0, !atEnd) as Papa.ParseResult<string[]>;
    const broken = new Set(errors.map(({ row }) => row));
    const lines: DumpLine[] = [];
    data.forEach((values, index) => {
      this.line += quoted ? 1 + breaksIn(values) : 1;
      if (!this.#headerRead) {
        this.#headerRead = true;
        return;
      }
      if (this.line <= this.#skipTo || (values.length === 1 && values[0] === '')) return;
      // COPY ends every row: the last digits of this one may be missing.
      if (atEnd) lines.push(this.#bad(values, 'no line end: the dump is cut off'));
      else lines.push(broken.has(index) ? this.#bad(values, 'no valid CSV') : this.#row(values));
    });
    return { lines, read: meta.cursor };
  }

  #row(values: readonly string[]): DumpLine {
    if (values.length !== this.#columns.length) return this.#bad(values, 'another number of columns');
    const fields: Record<string, string | null> = {};
    for (let index = 0; index < values.length; index++) {
      const value = values[index]!;
      fields[this.#columns[index]!] = value === '\\N' || value === this.#nullText ? null : value;
    }
    // The end of a line, where the lines before ended without it.
    if (this.#newline === '\n' && values.at(-1)!.endsWith('\r')) throw this.#mixedEnds('a carriage return');
    return { line: this.line, fields };
  }

  #mixedEnds(other: string): DumpError {
    return new DumpError(
      `Line ${this.line} ends with ${other}, and the first line does not. Make them equal: sed 's/\\r$//' FILE`,
    );
  }

  /** @throws DumpError where it is several lines: then those that follow it are in it, and would be left out without a word. */
  #bad(values: readonly string[], rule: string): DumpLine {
    const inside = breaksIn(values);
    if (inside > 0) {
      if (this.#newline === '\r\n' && !values.some((value) => value.includes('"'))) {
        throw this.#mixedEnds('no carriage return');
      }
      throw new DumpError(
        `The row that ends in line ${this.line} has ${rule}, and is ${inside + 1} lines long: a quote before it is not closed, or lines end in different ways.`,
      );
    }
    const rejection = reject('not_an_object', `the row has ${rule}`);
    return { line: this.line, rejection, text: values.join() };
  }
}

const DELIMITERS: Readonly<Record<string, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'vertical bars',
};

/** The names of the columns, and what is between them: a comma, if it makes as many of them as anything else. */
function headerOf(line: string): readonly [delimiter: string, header: readonly string[]] {
  const split = (delimiter: string) =>
    (new Papa.Parser({ delimiter, newline: '\n' }).parse(line, 0, false).data[0] ?? ['']) as string[];
  return Object.keys(DELIMITERS)
    .map((delimiter) => [delimiter, split(delimiter)] as const)
    .reduce((best, other) => (other[1].length > best[1].length ? other : best));
}

/** Lines that the values of a row go on in. */
function breaksIn(values: readonly string[]): number {
  return values.reduce((sum, value) => sum + countOf('\n', value), 0);
}

function countOf(part: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
}

/** Strict: U+FFFD in the place of what is no UTF-8 would be stored. A byte order mark is left out. */
async function* decoded(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
    decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new DumpError(
      "The dump is not UTF-8. Make it with COPY ... (FORMAT csv, HEADER, ENCODING 'UTF8'), or convert it: iconv -f CP949 -t UTF-8 FILE",
    );
  }
}
