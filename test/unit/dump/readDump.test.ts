import assert from 'node:assert/strict';
import { test } from 'vitest';
import { DumpError } from '../../../tools/operator/dump/dumpError.ts';
import type { DumpLine } from '../../../tools/operator/dump/dumpLine.ts';
import { readDump } from '../../../tools/operator/dump/readDump.ts';

/** Reads a text, cut into chunks of that size: no line ends where a chunk does. */
async function read(text: string | Buffer, chunk = 7, table?: string, skipTo = 0): Promise<DumpLine[]> {
  const bytes = Buffer.from(text as string);
  async function* chunks() {
    // The first chunk tells the format: as in a file, it is large enough for that.
    if (bytes.length > 0) yield bytes.subarray(0, 80);
    for (let start = 80; start < bytes.length; start += chunk) yield bytes.subarray(start, start + chunk);
  }
  const lines: DumpLine[] = [];
  const tables = table === undefined ? undefined : [table];
  for await (const page of readDump(chunks(), { tables, skipTo, checkColumns: () => {} }))
    lines.push(...page);
  return lines;
}
const fieldsOf = (lines: DumpLine[]) =>
  lines.map((line) =>
    'fields' in line ? { line: line.line, ...line.fields } : [line.line, line.rejection.reason],
  );

test('CSV as COPY writes it: quotes, line breaks in a value, a BOM, carriage returns, absent values', async () => {
  const text =
    '\uFEFFtx_id,amount,merchant_name\r\n' +
    'a,12.50,"Bücher, ""und"" mehr"\r\n' +
    'b,,"zwei\nZeilen"\r\n' +
    'c,9007199254740993.000000000000000001,""\r\n';
  assert.deepEqual(fieldsOf(await read(text)), [
    { line: 2, tx_id: 'a', amount: '12.50', merchant_name: 'Bücher, "und" mehr' },
    { line: 4, tx_id: 'b', amount: '', merchant_name: 'zwei\nZeilen' },
    { line: 5, tx_id: 'c', amount: '9007199254740993.000000000000000001', merchant_name: '' },
  ]);
});

test('a row of CSV that has another number of columns is told, and the others are read', async () => {
  const lines = fieldsOf(await read('tx_id,amount\na,1\nb\nc,3,4\nd,5\n'));
  assert.deepEqual(
    lines.filter((line) => !Array.isArray(line)),
    [
      { line: 2, tx_id: 'a', amount: '1' },
      { line: 5, tx_id: 'd', amount: '5' },
    ],
  );
  assert.deepEqual(
    lines.filter((line) => Array.isArray(line)),
    [
      [3, 'not_an_object'],
      [4, 'not_an_object'],
    ],
  );
});

test('NDJSON: numbers keep their digits, blank lines are skipped, bad lines are told', async () => {
  const lines = await read('{"tx_id":"a","amount":0.10}\n\n{"tx_id":\n[1]\n{"tx_id":"b"}');
  const [first] = lines;
  assert.ok(first && 'fields' in first);
  assert.deepEqual(JSON.stringify(first.fields), '{"tx_id":"a","amount":{"text":"0.10"}}');
  assert.deepEqual(fieldsOf(lines.slice(1)), [
    [3, 'not_json'],
    [4, 'not_an_object'],
    { line: 5, tx_id: 'b' },
  ]);
});

test('pg_dump as plain text: escapes, NULL, one table of several', async () => {
  const dump = [
    '--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n',
    'COPY public.users (id, name) FROM stdin;\n1\tjo\n\\.\n',
    'COPY public."ledger" (tx_id, amount, "related_id") FROM stdin;\n',
    'a\t1.50\t\\N\nb\\tc\t2\to\\\\1\n\\.\n\nSELECT 1;\n',
  ].join('');
  assert.deepEqual(fieldsOf(await read(dump, 7, 'ledger')), [
    { line: 10, tx_id: 'a', amount: '1.50', related_id: null },
    { line: 11, tx_id: 'b\tc', amount: '2', related_id: 'o\\1' },
  ]);
  await assert.rejects(read(dump), /several tables \(public\.users, public\.ledger/);
  await assert.rejects(read(dump, 7, 'orders'), /no rows of orders/);
});

test('what can not be read says what to do', async () => {
  await assert.rejects(read(''), /The dump is empty/);
  await assert.rejects(read('PGDMP\x01\x0e'), /pg_restore/);
  await assert.rejects(read('-- only comments\n'), /without --inserts/);
  const latin1 = Buffer.concat([Buffer.from('tx_id,name\na,'), Buffer.from([0xfc]), Buffer.from('\n')]);
  await assert.rejects(
    read(latin1),
    (error: Error) => error instanceof DumpError && /UTF8/.test(error.message),
  );
});

test('lines that nobody reads are skipped, and all others have the same numbers, in every form', async () => {
  const rows = Array.from({ length: 40 }, (_, index) => `tx-${index},${index}.50,shop`);
  const texts = {
    csv: `tx_id,amount,merchant_name\n${rows.join('\n')}\n`,
    'csv with carriage returns and a short row': `tx_id,amount,merchant_name\r\n${rows.join('\r\n')}\r\nx,1\r\n`,
    'csv with a value of two lines': `tx_id,amount,merchant_name\n${rows.slice(0, 20).join('\n')}\nq,1,"two\nlines"\n${rows
      .slice(20)
      .join('\n')}\n`,
    'csv that is cut off': `tx_id,amount,merchant_name\n${rows.join('\n')}`,
    ndjson: rows.map((row) => `{"tx_id":"${row}"}\n`).join('\n'),
    pg_dump: `--\nSET x;\nCOPY public.ledger (tx_id, amount, merchant_name) FROM stdin;\n${rows
      .map((row) => row.replaceAll(',', '\t'))
      .join('\n')}\n\\.\n`,
  };
  for (const [form, text] of Object.entries(texts)) {
    for (const chunk of [7, 60, 500]) {
      const all = await read(text, chunk);
      for (let skipTo = 0; skipTo < 50; skipTo += 7) {
        assert.deepEqual(
          await read(text, chunk, undefined, skipTo),
          all.filter(({ line }) => line > skipTo),
          `${form}, chunks of ${chunk}, up to line ${skipTo}`,
        );
      }
    }
  }
});

test('other separators are found and named, words for no value are none, and \\N is always one', async () => {
  for (const [separator, name] of [
    [';', 'semicolons'],
    ['\t', 'tabs'],
    ['|', 'vertical bars'],
  ] as const) {
    const notes: string[] = [];
    const text = `tx_id,amount,related_id\na,1,\\N\nb,2,-\n`.replaceAll(',', separator);
    async function* chunks() {
      yield Buffer.from(text);
    }
    const lines: DumpLine[] = [];
    const options = { nullText: '-', checkColumns: () => {}, note: (said: string) => notes.push(said) };
    for await (const page of readDump(chunks(), options)) lines.push(...page);
    assert.deepEqual(fieldsOf(lines), [
      { line: 2, tx_id: 'a', amount: '1', related_id: null },
      { line: 3, tx_id: 'b', amount: '2', related_id: null },
    ]);
    assert.match(notes.join(), new RegExp(`separated by ${name}`));
  }
  assert.deepEqual(fieldsOf(await read('tx_id,note\na,"1;2;3;4"\n')), [
    { line: 2, tx_id: 'a', note: '1;2;3;4' },
  ]);
});

test('lines that end in two ways, and a quote that takes in other rows, are refused with their line', async () => {
  await assert.rejects(
    read('tx_id,amount\r\na,1\r\nb,2\nc,3\r\nd,4\r\n'),
    /Line \d ends with no carriage return/,
  );
  await assert.rejects(read('tx_id,amount\na,1\nb,2\r\nc,3\n'), /Line 3 ends with a carriage return/);
  await assert.rejects(read('tx_id,amount\na,"1\nb,2\nc,"3\nd,4\n'), /a quote before it is not closed/);
});

async function* whole(bytes: Buffer) {
  yield bytes;
}

test('other forms are named, with what makes rows of them', async () => {
  for (const [bytes, said] of [
    [Buffer.from('PK\x03\x04...'), /zip archive, or a spreadsheet/],
    [Buffer.from('\xfd7zXZ\0\0', 'latin1'), /xz -dc/],
    [Buffer.from('BZh91AY'), /bzip2 -dc/],
    [Buffer.from('\x28\xb5\x2f\xfd', 'latin1'), /zstd -dc/],
    [Buffer.concat([Buffer.alloc(257, 'x'), Buffer.from('ustar\x0000')]), /tar -xOf/],
    [Buffer.from('\uFEFFtx_id,amount\na,1\n', 'utf16le'), /UTF-16.*iconv/],
    [Buffer.from('tx_id,amount\na,1\n', 'utf16le'), /UTF-16 without a mark/],
    [Buffer.from('[{"tx_id":"a"}]'), /jq -c/],
    [Buffer.from('tx_id,merchant_name\na,\xb0\xa1\n', 'latin1'), /not UTF-8.*iconv -f CP949/],
  ] as const) {
    await assert.rejects(
      readDump(whole(bytes), { checkColumns: () => {} }).next(),
      (error: Error) => error instanceof DumpError && said.test(error.message),
      said.source,
    );
  }
});

test('pg_dump: all partitions of a table in one reading', async () => {
  const copy = (name: string, columns: string, row: string) =>
    `COPY public.${name} (${columns}) FROM stdin;\n${row}\n\\.\n`;
  const dump = `--\n\n${copy('ledger_2026_10', 'tx_id, amount', 'a\t1')}${copy('users', 'id', '7')}${copy('ledger_2026_11', 'amount, tx_id', '2\tb')}`;
  assert.deepEqual(fieldsOf(await read(dump, 7, 'ledger_2026_*')), [
    { line: 4, tx_id: 'a', amount: '1' },
    { line: 10, tx_id: 'b', amount: '2' },
  ]);
  await assert.rejects(read(dump), /of one that is partitioned: --table 'NAME_\*'/);
});
