import { bodyFrom, bytes, dead, type HostileMessage, row } from '../message.ts';

/** Bodies as a whole: bytes, UTF-8, JSON, object (SPEC 2.2, 2.3). */

const inText = (good: string, ...inserted: number[]) =>
  Buffer.concat([Buffer.from(good.slice(0, -2)), Buffer.from(inserted), Buffer.from(good.slice(-2))]);
const withMember = (good: string, member: string) => `${good.slice(0, -1)},${member}}`;
const MEGABYTE = 1_000_000;

export const BODIES: readonly HostileMessage[] = [
  bytes('no bytes', '', dead('empty_body')),

  bytes('a byte that is never UTF-8', [0x7b, 0xff, 0x7d], dead('not_utf8')),
  bytes('an overlong NUL', [0xc0, 0x80], dead('not_utf8')),
  bytes('an overlong slash of three bytes', [0xe0, 0x80, 0xaf], dead('not_utf8')),
  bytes('a surrogate in UTF-8 (CESU-8)', [0xed, 0xa0, 0x80], dead('not_utf8')),
  bytes('a code point beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80], dead('not_utf8')),
  bytes('a sequence of five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80], dead('not_utf8')),
  bytes('a lone continuation byte', [0x80], dead('not_utf8')),
  bytes('a sequence that is cut off', [0x22, 0xe2, 0x82], dead('not_utf8')),
  bytes('gzip', [0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03], dead('not_utf8')),
  bytes('UTF-16 with a byte order mark', Buffer.from('\ufeff{}', 'utf16le'), dead('not_utf8')),
  bodyFrom('Latin-1 in a good body', (good) => inText(good, 0xe9), dead('not_utf8')),
  bodyFrom(
    'invalid UTF-8 after the end of a good body',
    (good) => Buffer.concat([Buffer.from(good), Buffer.from([0xc3])]),
    dead('not_utf8'),
  ),

  bytes('blanks', ' \r\n\t ', dead('not_json')),
  bytes('a byte order mark alone', '\ufeff', dead('not_json')),
  bytes('UTF-16 without a byte order mark', Buffer.from('{}', 'utf16le'), dead('not_json')),
  bytes('NUL', '\0', dead('not_json')),
  bytes('text', 'yesterday', dead('not_json')),
  bytes('undefined', 'undefined', dead('not_json')),
  bytes('NaN as a body', 'NaN', dead('not_json')),
  bytes('Infinity as a body', '-Infinity', dead('not_json')),
  bytes('single quotes', "{'tx_id':'a'}", dead('not_json')),
  bytes('a name without quotes', '{tx_id:"a"}', dead('not_json')),
  bytes('XML', '<tx_id>a</tx_id>', dead('not_json')),
  bytes('a Confluent wire format header', [0, 0, 0, 0, 1, 0x7b, 0x7d], dead('not_json')),
  bodyFrom('two byte order marks', (good) => `\ufeff\ufeff${good}`, dead('not_json')),
  bodyFrom('cut off', (good) => good.slice(0, -1), dead('not_json')),
  bodyFrom('twice', (good) => good + good, dead('not_json')),
  bodyFrom('as lines', (good) => `${good}\n${good}`, dead('not_json')),
  bodyFrom('followed by NUL', (good) => `${good}\0`, dead('not_json')),
  bodyFrom('a comma at the end', (good) => good.replace('}', ',}'), dead('not_json')),
  bodyFrom('a comment', (good) => `${good}// refund`, dead('not_json')),
  bodyFrom('a no-break space before it', (good) => `\u00a0${good}`, dead('not_json')),
  bodyFrom('a form feed before it', (good) => `\f${good}`, dead('not_json')),
  bodyFrom('a line break inside a string', (good) => withMember(good, '"note":"a\nb"'), dead('not_json')),
  bodyFrom('NUL inside a string', (good) => withMember(good, '"note":"a\0b"'), dead('not_json')),
  bodyFrom(
    'an escape that JSON does not have',
    (good) => withMember(good, '"note":"\\x41"'),
    dead('not_json'),
  ),
  bodyFrom('half a Unicode escape', (good) => withMember(good, '"note":"\\u12"'), dead('not_json')),
  bodyFrom('NaN as a value', (good) => withMember(good, '"amount":NaN'), dead('not_json')),
  bodyFrom('Infinity as a value', (good) => withMember(good, '"amount":Infinity'), dead('not_json')),
  bodyFrom('a number with a plus', (good) => withMember(good, '"amount":+5'), dead('not_json')),
  bodyFrom('a number with a leading zero', (good) => withMember(good, '"amount":007'), dead('not_json')),
  bodyFrom('a number without a whole part', (good) => withMember(good, '"amount":.5'), dead('not_json')),
  bodyFrom('a number that ends with its point', (good) => withMember(good, '"amount":5.'), dead('not_json')),
  bodyFrom('a hexadecimal number', (good) => withMember(good, '"amount":0x10'), dead('not_json')),
  bodyFrom('a number with an empty exponent', (good) => withMember(good, '"amount":1e'), dead('not_json')),
  bodyFrom('a number with separators', (good) => withMember(good, '"amount":1_000'), dead('not_json')),
  bodyFrom(
    'a megabyte that is cut off',
    (good) => withMember(good, `"note":"${'x'.repeat(MEGABYTE)}`),
    dead('not_json'),
  ),

  bytes('null', 'null', dead('not_an_object')),
  bytes('true', 'true', dead('not_an_object')),
  bytes('a string', '"tx_id"', dead('not_an_object')),
  bytes('an empty string', '""', dead('not_an_object')),
  bytes('a number', '42', dead('not_an_object')),
  bytes('minus zero', '-0', dead('not_an_object')),
  bytes('1e400', '1e400', dead('not_an_object')),
  bytes('400 digits', '9'.repeat(400), dead('not_an_object')),
  bytes('an empty array', '[]', dead('not_an_object')),
  bodyFrom('an array with a good body', (good) => `[${good}]`, dead('not_an_object')),
  bodyFrom('a good body as a string', (good) => JSON.stringify(good), dead('not_an_object')),
  bytes('a flat megabyte', `[${'0,'.repeat(MEGABYTE / 2 - 2)}0]`, dead('not_an_object')),

  bytes('an empty object', '{}', dead('core_missing', 'tx_id')),
  bodyFrom('a good body within another', (good) => `{"payload":${good}}`, dead('core_missing', 'tx_id')),

  bodyFrom('good', (good) => good, row({ amount: '5', updated_at: null, source_version: null })),
  bodyFrom('a byte order mark before it', (good) => `\ufeff${good}`, row({ amount: '5' })),
  bodyFrom('all blanks of JSON around it', (good) => `\t\n\r ${good} \r\n\t`, row({ amount: '5' })),
  bodyFrom('line separators inside a string', (good) => withMember(good, '"note":"a\u2028b\u2029"'), row()),
  bodyFrom(
    'unknown members of all kinds',
    (good) => withMember(good, '"a":[1,{"b":null}],"":1e400,"\\u0000":-0'),
    row(),
  ),
  bodyFrom(
    'lone surrogates in an unknown member',
    (good) => withMember(good, '"\\ud800":"\\udfff\\u0000"'),
    row(),
  ),
  bodyFrom(
    'a megabyte in an unknown member',
    (good) => withMember(good, `"note":"${'x'.repeat(MEGABYTE)}"`),
    row({ amount: '5' }),
  ),
  bodyFrom(
    '100,000 unknown members',
    (good) => withMember(good, Array.from({ length: 100_000 }, (_, at) => `"${at}":0`).join()),
    row({ amount: '5' }),
  ),
  bodyFrom(
    'a hundred levels in an unknown member',
    (good) => withMember(good, `"deep":${'['.repeat(100)}1.5${']'.repeat(100)}`),
    row({ amount: '5' }),
  ),
  ...[5_000, 400_000].flatMap((levels) => [
    bodyFrom(
      `${levels} arrays in each other`,
      (good) => withMember(good, `"deep":${'['.repeat(levels)}${']'.repeat(levels)}`),
      { reasonOrRow: 'not_json' },
    ),
    // A number that needs its text takes another way through the parser.
    bodyFrom(
      `${levels} arrays in each other, with a fraction`,
      (good) => withMember(good, `"amount":1.50,"deep":${'['.repeat(levels)}${']'.repeat(levels)}`),
      { reasonOrRow: 'not_json' },
    ),
  ]),
  bodyFrom(
    '150000 objects in each other',
    (good) => withMember(good, `"deep":${'{"a":'.repeat(150_000)}1.5${'}'.repeat(150_000)}`),
    { reasonOrRow: 'not_json' },
  ),
  bytes('brackets that never close', '['.repeat(MEGABYTE), dead('not_json')),
];
