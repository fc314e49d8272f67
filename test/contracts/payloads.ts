import fc from 'fast-check';
import { EVENT_FIELDS, type FieldKind, type LogicalTopic } from '../../shared/contracts/fields.ts';
import type { Contract } from '../../shared/contracts/profile.ts';

/** JSON texts of values, good and broken ones, for each kind: near the limits, and in every notation. */

const digits = (most: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 0, maxLength: most });
const BLANKS = fc.constantFrom('', '', '', ' ', '\t\n', '\u00a0', '\ufeff \u3000');
const padded = (text: fc.Arbitrary<string>) =>
  fc.tuple(BLANKS, text, BLANKS).map(([before, inner, after]) => JSON.stringify(before + inner + after));

/** A string of about that length, of characters of one, two and three bytes in UTF-16, and of what is not stored. */
const textNear = (most: number) =>
  fc.tuple(
    fc.integer({ min: most - 2, max: most + 2 }),
    fc.constantFrom('a', '한', '😀'),
    fc.constantFrom('', '', '', '', '\0', '\ud800', '\udc00'),
  );
const longText = (most: number) =>
  textNear(most).map(([length, unit, odd]) => `${unit.repeat(length - 1)}${odd === '' ? unit : odd}`);
const anyText = fc.string({ unit: 'binary', maxLength: 12 });

const integers = fc.oneof(
  fc.bigInt({ min: -(10n ** 19n), max: 10n ** 19n }).map(String),
  fc.constantFrom(
    '0',
    '-0',
    '1.0',
    '1e3',
    '2E2',
    '9007199254740993',
    '1000000000000000000',
    '1000000000000000001',
  ),
  fc.constantFrom(
    '9'.repeat(255),
    '9'.repeat(256),
    '9'.repeat(257),
    `-${'9'.repeat(255)}`,
    `-${'9'.repeat(256)}`,
  ),
  fc.constant('9'.repeat(400)),
);

const decimals = fc
  .tuple(
    fc.boolean(),
    fc.oneof(fc.constant('0'), digits(4), fc.bigInt({ min: 1n, max: 10n ** 40n }).map(String)),
    fc.option(
      fc.oneof(
        digits(3),
        digits(20),
        digits(18).map((some) => `${some}00000`),
      ),
      { nil: undefined },
    ),
    fc.option(fc.integer({ min: -45, max: 45 }), { nil: undefined }),
  )
  .map(([negative, whole, fraction, exponent]) => {
    const left = `${negative ? '-' : ''}${whole}`;
    return `${left}${fraction === undefined ? '' : `.${fraction}`}${exponent === undefined ? '' : `e${exponent}`}`;
  });
/** Where the text is a JSON number it is one; else it is sent as a string. */
const asNumber = (text: fc.Arbitrary<string>) =>
  text.map((decimal) => {
    try {
      JSON.parse(decimal);
      return decimal;
    } catch {
      return JSON.stringify(decimal);
    }
  });

const two = (from: number, to: number) =>
  fc.integer({ min: from, max: to }).map((number) => String(number).padStart(2, '0'));
const times = fc
  .tuple(
    fc.constantFrom('1998', '1999', '2000', '2024', '2026', '2100', '2101', '2102', '26'),
    fc.oneof(two(1, 12), two(0, 13)),
    fc.oneof(two(1, 28), two(28, 32), two(0, 1)),
    fc.constantFrom('T', 'T', 't', ' ', '_', ''),
    fc.oneof(two(0, 23), two(23, 25)),
    fc.oneof(two(0, 59), two(58, 61)),
    fc.constantFrom(':00', ':59', ':60', '', ':5'),
    fc.constantFrom('', '', '.1', '.123456789012', '.', ',5'),
    fc.constantFrom(
      'Z',
      'Z',
      'z',
      '',
      '+09:00',
      '-0930',
      '+09',
      '-23:59',
      '+24:00',
      '+9',
      ' Z',
      '+09:60',
      'KST',
    ),
  )
  .map(([year, month, day, t, hour, minute, second, fraction, offset]) =>
    [`${year}-${month}-${day}`, `${t}${hour}:${minute}${second}${fraction}${offset}`].join(''),
  );
const EPOCHS = [Date.UTC(2000, 0, 1), Date.UTC(2026, 10, 20), Date.UTC(2101, 0, 1)];
const epochs = fc
  .tuple(
    fc.constantFrom(...EPOCHS),
    fc.integer({ min: -2, max: 2 }),
    fc.constantFrom('', '', '', '.0', 'e0', '000'),
  )
  .map(([time, offset, end]) => `${time + offset}${end}`);

const NEVER = ['true', 'false', '[]', '{}', '[1]', '{"text":"a"}', '["2026-11-20T10:15:30Z"]'];
const ABSENT = ['null', '""', '" "', '"\\t\\u00a0"'];

const VALUES: Readonly<Record<FieldKind, fc.Arbitrary<string>>> = {
  identifier: fc.oneof(padded(anyText), padded(longText(256)), integers, asNumber(decimals)),
  text: fc.oneof(padded(anyText), padded(longText(1024)), integers),
  money: fc.oneof(
    padded(decimals),
    asNumber(decimals),
    padded(anyText),
    fc.constantFrom('"+5"', '"007"', '".5"', '"1,000"'),
  ),
  timestamp: fc.oneof(
    padded(times),
    times.map((time) => JSON.stringify(time)),
    epochs,
    integers,
    padded(anyText),
  ),
  currency: fc.oneof(
    padded(fc.constantFrom('KRW', 'USD', 'krw', 'KR', 'WON1', '410', 'K\u00c9W')),
    integers,
    padded(anyText),
  ),
  version: fc.oneof(
    integers,
    padded(integers),
    fc.nat(99).map(String),
    padded(fc.constantFrom('01', '+1', 'v1', '7')),
  ),
  count: fc.oneof(integers, padded(integers), fc.nat(99).map(String)),
  source: fc.oneof(padded(fc.constantFrom('ledger', 'payment_order', 'pair', 'Ledger')), integers),
  schema_version: fc.oneof(
    fc.constantFrom('1', '1.0', '1.7', '1.25', '1e0', '2', '2.0', '0.9', '-1', '10'),
    padded(
      fc.constantFrom(
        '1',
        '1.7',
        '1.7.2',
        '1.',
        '1..2',
        '2',
        'v1',
        '01',
        `1${'.1'.repeat(511)}`,
        `1${'.1'.repeat(512)}`,
      ),
    ),
    padded(fc.constant(`1.${'1'.repeat(1022)}`)),
    padded(anyText),
  ),
};

/** The JSON text of a value of this kind: as often good as not. */
export function jsonOf(kind: FieldKind): fc.Arbitrary<string> {
  return fc.oneof(
    { arbitrary: VALUES[kind], weight: 8 },
    { arbitrary: fc.constantFrom(...NEVER), weight: 1 },
    { arbitrary: fc.constantFrom(...ABSENT), weight: 1 },
  );
}

/** Members by name: the JSON text of a value, or members again. */
interface Members {
  [name: string]: string | Members;
}

const GOOD: Readonly<Record<FieldKind, string>> = {
  identifier: '"id-1"',
  text: '"PAID"',
  money: '"12500.00"',
  timestamp: '"2026-11-20T10:15:30Z"',
  version: '1',
  count: '12',
  source: '"ledger"',
  schema_version: '"1.2"',
  currency: '"KRW"',
};

/** A change of a payload: a place, and the value that is put there; `undefined` takes it away. */
type Change = readonly [place: readonly string[], json: string | undefined];

/** Bodies of a contract's events: good ones, with up to three places changed, or without their envelope. */
export function bodies(contract: Contract): fc.Arbitrary<string> {
  const members = contract.envelope.filter((step) => typeof step === 'string');
  const change: fc.Arbitrary<Change> = fc.constantFrom(...contract.fields).chain((field) => {
    const places = [...field.names.map((name) => [name]), ...field.paths];
    return fc.tuple(
      fc.constantFrom(...places),
      fc.oneof(
        { arbitrary: jsonOf(field.kind), weight: 6 },
        { arbitrary: fc.constant(GOOD[field.kind]), weight: 1 },
        { arbitrary: fc.constant(undefined), weight: 1 },
      ),
    );
  });
  const envelope = fc.oneof(
    { arbitrary: fc.constant(members), weight: 20 },
    { arbitrary: fc.constantFrom(members.slice(1), ['payload'], ['PAYLOAD', 'after']), weight: 1 },
  );
  return fc.tuple(fc.array(change, { maxLength: 3 }), envelope).map(([changes, path]) => {
    const payload = goodPayload(contract.logicalTopic);
    for (const [place, json] of changes) put(payload, place, json);
    return path.reduceRight((inner, name) => `{${JSON.stringify(name)}:${inner}}`, textOf(payload));
  });
}

function goodPayload(topic: LogicalTopic): Members {
  const good = Object.fromEntries(EVENT_FIELDS[topic].map(({ name, kind }) => [name, GOOD[kind]]));
  return topic === 'control' ? { ...good, window_end: '"2026-11-20T11:15:30Z"' } : good;
}

function put(members: Members, [name, ...rest]: readonly string[], json: string | undefined): void {
  if (rest.length === 0) {
    if (json === undefined) delete members[name!];
    else members[name!] = json;
    return;
  }
  const found = members[name!];
  const inner = typeof found === 'object' ? found : {};
  members[name!] = inner;
  put(inner, rest, json);
}

function textOf(members: Members): string {
  const texts = Object.entries(members).map(
    ([name, value]) => `${JSON.stringify(name)}:${typeof value === 'string' ? value : textOf(value)}`,
  );
  return `{${texts.join(',')}}`;
}
