import { bodyFrom, dead, type HostileMessage, message, row } from '../message.ts';

/** Which member counts: repetitions, names of JavaScript's own, aliases, the fallback (SPEC 2.1, 2.2). */

const append = (member: string) => (good: string) => `${good.slice(0, -1)},${member}}`;

const REPEATED: readonly HostileMessage[] = [
  bodyFrom('the last of two amounts counts', append('"amount":2.20'), row({ amount: '2.20' })),
  bodyFrom(
    'the last of two equal-looking amounts',
    append('"amount":5.00,"amount":5.0'),
    row({ amount: '5.0' }),
  ),
  bodyFrom('a valid amount after an invalid one', append('"amount":"x","amount":7'), row({ amount: '7' })),
  bodyFrom('an invalid amount after a valid one', append('"amount":"x"'), dead('core_invalid', 'amount')),
  bodyFrom('null after a valid amount', append('"amount":null'), dead('core_missing', 'amount')),
  bodyFrom('a name with an escape is the same name', append('"am\\u006funt":9.90'), row({ amount: '9.90' })),
  bodyFrom('names have a case', append('"Amount":9,"AMOUNT":9,"TX_ID":9'), row({ amount: '5' })),
  bodyFrom('a blank belongs to the name', append('"amount ":9," amount":9'), row({ amount: '5' })),
];

const OF_JAVASCRIPT: readonly HostileMessage[] = [
  bodyFrom(
    '__proto__ beside the fields',
    append('"__proto__":{"amount":1,"related_id":"evil"}'),
    row({ amount: '5', related_id: null }),
  ),
  bodyFrom(
    '__proto__ does not supply a missing field',
    (good) => good.replace('"tx_id"', '"__proto__":{"tx_id":"evil"},"id"'),
    dead('core_missing', 'tx_id'),
  ),
  bodyFrom(
    'a number with a fraction beside __proto__',
    append('"amount":1.50,"__proto__":{"tx_id":"evil"}'),
    row({ amount: '1.50' }),
  ),
  bodyFrom('__proto__ is null', append('"__proto__":null'), row()),
  bodyFrom(
    'constructor, toString, valueOf, toJSON, then',
    append('"constructor":{"prototype":{}},"toString":1,"valueOf":null,"toJSON":"x","then":"y"'),
    row(),
  ),
  bodyFrom('hasOwnProperty', append('"hasOwnProperty":5,"__defineGetter__":{}'), row()),
  message(
    'ledger',
    'a value that is an object with a text',
    { wallet_id: '{"text":"w"}' },
    dead('core_invalid', 'wallet_id'),
  ),
  message(
    'ledger',
    'an amount that is an object with a text',
    { amount: '{"text":"5"}' },
    dead('core_invalid', 'amount'),
  ),
];

const ALIASES: readonly HostileMessage[] = [
  message(
    'ledger',
    'type for entry_type',
    { entry_type: undefined, type: '"REFUND"' },
    row({ entry_type: 'REFUND' }),
  ),
  message('ledger', 'type agrees once trimmed', { type: '" FEE "' }, row({ entry_type: 'FEE' })),
  message('ledger', 'type differs in its case', { type: '"fee"' }, dead('alias_conflict', 'entry_type')),
  message('ledger', 'a blank alias is missing', { type: '" "' }, row({ entry_type: 'FEE' })),
  message(
    'ledger',
    'a blank field with an alias',
    { entry_type: '""', type: '"REFUND"' },
    row({ entry_type: 'REFUND' }),
  ),
  message('ledger', 'an alias that cannot be read', { type: '5' }, dead('core_invalid', 'entry_type')),
  message(
    'ledger',
    'version and source_version agree once parsed',
    { version: '7', source_version: '"7"' },
    row({ source_version: '7' }),
  ),
  message(
    'ledger',
    'version and source_version differ',
    { version: '7', source_version: '8' },
    dead('alias_conflict', 'version'),
  ),
  message(
    'ledger',
    'source_version that cannot be read',
    { version: '7', source_version: '7.0' },
    dead('field_invalid', 'version'),
  ),
  message('ledger', 'source_version alone', { source_version: '8' }, row({ source_version: '8' })),
  message(
    'ledger',
    'two forms of one time',
    { source_created_at: '"2020-01-01T09:00:00+09"', created_at: '1577836800000' },
    row({ created_at: '2020-01-01 00:00:00+00' }),
  ),
  message(
    'ledger',
    'two times a microsecond apart',
    { source_created_at: '"2020-01-01T00:00:00.000001Z"', created_at: '"2020-01-01T00:00:00Z"' },
    dead('alias_conflict', 'source_created_at'),
  ),
  message(
    'ledger',
    'two times less than a microsecond apart',
    { source_created_at: '"2020-01-01T00:00:00.0000001Z"', created_at: '"2020-01-01T00:00:00Z"' },
    row({ created_at: '2020-01-01 00:00:00+00' }),
  ),
  message(
    'payment_order',
    'aliases of another topic are unknown members',
    { type: '5', source_created_at: '"x"' },
    row({ status: 'PAID' }),
  ),
  message(
    'payment_order',
    'source_version differs',
    { version: '1', source_version: '"2"' },
    dead('alias_conflict', 'version'),
  ),
  message(
    'pair',
    'source_version differs',
    { version: '1', source_version: '"2"' },
    dead('alias_conflict', 'version'),
  ),
];

const FALLBACK: readonly HostileMessage[] = [
  message(
    'ledger',
    'event_time and source_created_at may differ',
    { source_created_at: '"2020-01-01T00:00:00Z"' },
    row({ event_time: '2020-01-02 03:04:05+00', created_at: '2020-01-01 00:00:00+00' }),
  ),
  message('ledger', 'without source_created_at', {}, row({ created_at: '2020-01-02 03:04:05+00' })),
  message(
    'ledger',
    'source_created_at for an absent event_time',
    { event_time: undefined, source_created_at: '"2020-01-01T00:00:00Z"' },
    row({ event_time: '2020-01-01 00:00:00+00', created_at: '2020-01-01 00:00:00+00' }),
  ),
  message(
    'ledger',
    'its alias for a blank event_time',
    { event_time: '" "', created_at: '"2020-01-01T00:00:00Z"' },
    row({ event_time: '2020-01-01 00:00:00+00' }),
  ),
  message(
    'ledger',
    'an invalid event_time is not replaced',
    { event_time: '"x"', source_created_at: '"2020-01-01T00:00:00Z"' },
    dead('core_invalid', 'event_time'),
  ),
  message(
    'ledger',
    'an invalid source_created_at beside event_time',
    { source_created_at: '"x"' },
    dead('field_invalid', 'source_created_at'),
  ),
  message(
    'ledger',
    'an invalid source_created_at alone',
    { event_time: 'null', source_created_at: '"x"' },
    dead('core_invalid', 'source_created_at'),
  ),
  message('ledger', 'neither of them', { event_time: undefined }, dead('core_missing', 'event_time')),
];

export const MEMBERS: readonly HostileMessage[] = [...REPEATED, ...OF_JAVASCRIPT, ...ALIASES, ...FALLBACK];
