import Table from 'cli-table3';

/** Writes rows: one JSON array, or a table with the members of the first row as its heads. */
export function writeRows(rows: readonly object[], { json, empty }: { json: boolean; empty: string }): void {
  if (json) {
    console.log(JSON.stringify(rows));
    return;
  }
  const [first] = rows;
  if (first === undefined) {
    console.log(empty);
    return;
  }
  const table = new Table({ head: Object.keys(first), style: { head: [], border: [] } });
  for (const row of rows)
    table.push(Object.values(row).map((value) => (value === null ? '' : String(value))));
  console.log(table.toString());
}

/** Writes one result: as JSON, or a line for each member. */
export function writeResult(result: object, { json }: { json: boolean }): void {
  if (json) console.log(JSON.stringify(result));
  else {
    const width = Math.max(...Object.keys(result).map((name) => name.length));
    for (const [name, value] of Object.entries(result)) console.log(`${name.padEnd(width)}  ${value ?? ''}`);
  }
}
