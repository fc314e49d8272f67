import Table from 'cli-table3';

interface RowsOptions {
  readonly json: boolean;
  /** What is said where there is no row. */
  readonly empty: string;
  /** As wide as it gets: every column, and no cell on several lines. */
  readonly wide?: boolean;
  /** The columns that a terminal has room for; left out: all of them. */
  readonly columns?: readonly string[];
}

/** The least that a column is narrowed to. */
const NARROWEST = 8;

/** Writes rows: one JSON array, or a table with the members of the first row as its heads, as wide as the terminal at most. */
export function writeRows(
  rows: readonly object[],
  { json, empty, wide = false, columns }: RowsOptions,
): void {
  if (json) {
    console.log(JSON.stringify(rows));
    return;
  }
  const [first] = rows;
  if (first === undefined) {
    console.log(empty);
    return;
  }
  const all = Object.keys(first);
  const shown = wide || columns === undefined ? all : all.filter((name) => columns.includes(name));
  const cells = rows.map((row) => shown.map((name) => textOf((row as Record<string, unknown>)[name])));
  const widths = shown.map((name, column) =>
    Math.max(columnsOf(name), ...cells.flatMap((row) => row[column]!.split('\n').map(columnsOf))),
  );
  const table = new Table({
    head: shown,
    style: { head: [], border: [] },
    ...(!wide && { colWidths: narrowed(widths, terminalWidth()), wordWrap: true, wrapOnWordBoundary: false }),
  });
  table.push(...cells);
  console.log(table.toString());
  const left = all.length - shown.length;
  if (left > 0) console.error(`${left} more columns: --wide or --json.`);
}

/** Of what people read: a terminal's own, and 80 where the output goes elsewhere. */
export function terminalWidth(): number {
  return (process.stdout.isTTY && process.stdout.columns) || 80;
}

function textOf(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}

/** Columns of a terminal: a Korean letter takes two. */
export function columnsOf(text: string): number {
  return text.length + (text.match(/[가-힣]/g)?.length ?? 0);
}

/** A text with spaces behind it, up to so many columns. */
export function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
}

/** Widths with the padding of a cell; where they do not fit, the widest columns give way. */
function narrowed(widths: readonly number[], room: number): number[] {
  const fitted = [...widths];
  // A border and two spaces a column, and the last border.
  const over = () => fitted.reduce((sum, width) => sum + width + 3, 1) - room;
  for (let left = over(); left > 0; left--) {
    const widest = fitted.indexOf(Math.max(...fitted));
    if (fitted[widest]! <= NARROWEST) break;
    fitted[widest]!--;
  }
  return fitted.map((width) => width + 2);
}

/** Writes one result: as JSON, or a line for each member. */
export function writeResult(result: object, { json }: { json: boolean }): void {
  if (json) console.log(JSON.stringify(result));
  else {
    const width = Math.max(...Object.keys(result).map(columnsOf));
    for (const [name, value] of Object.entries(result)) console.log(`${padded(name, width)}  ${value ?? ''}`);
  }
}
