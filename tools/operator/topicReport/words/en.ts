import type { Finding } from '../../topicCheck/report.ts';
import { percent, type Words } from './words.ts';

const FORMAT: Words['format'] = {
  boolean: 'true or false',
  object: 'object',
  array: 'array',
  integer: 'whole number',
  decimal: 'number with a fraction',
  exponent: 'number with an exponent',
  epoch_seconds: 'number of seconds since 1970',
  epoch_milliseconds: 'number of milliseconds since 1970',
  epoch_microseconds: 'number of microseconds since 1970',
  epoch_nanoseconds: 'number of nanoseconds since 1970',
  date_parts: 'array of year, month, day, ...',
  seconds_and_nanos: 'object of seconds and nanos',
  java_time: "java.time's text",
  scaled_bytes: 'object of scale and base64 (Connect decimal)',
  epoch_text: 'text of digits: seconds or milliseconds since 1970',
  time_with_offset: 'RFC 3339 time with offset',
  time_without_offset: 'time without offset',
  date: 'date without time',
  compact_time: 'time of digits only',
  other_time: 'time of another form',
  digits: 'text of digits',
  decimal_text: 'decimal number as text',
  grouped_number: 'text with a comma in a number',
  number_with_unit: 'number with a unit in one text',
  base64: 'base64 text',
  uuid: 'UUID',
  text: 'text',
};

const formats = ({ formats = [] }: Finding) => formats.map((format) => FORMAT[format]).join(', ');
const names = ({ names = [] }: Finding) => names.map((name) => `\`${name}\``).join(', ');
const share = ({ share = 0 }: Finding) => percent(share);

const NEEDED: Readonly<Record<string, string>> = {
  amount: 'a decimal number as a JSON number or text (`12.50`), in whole units of its currency',
  amount_signed: 'a decimal number as a JSON number or text (`-12.50`)',
  event_time:
    'RFC 3339 with offset (`2026-11-22T10:00:00.123Z`), or milliseconds since 1970 as a JSON number',
  version: 'a whole number from 0',
  schema_version: '`1` or `1.x`',
};
for (const name of ['source_created_at', 'created_at', 'updated_at', 'occurred_at']) {
  (NEEDED as Record<string, string>)[name] = NEEDED['event_time']!;
}
const needed = (field: string) => NEEDED[field] ?? 'a text (or whole number, for an id) that is not blank';

/** Where such values usually come from. */
const hint = ({ formats = [] }: Finding) =>
  formats.includes('date_parts')
    ? " Jackson's default; WRITE_DATES_AS_TIMESTAMPS=false writes text."
    : formats.includes('base64')
      ? ' If Debezium writes it: decimal.handling.mode=string. Or say which scale its column has: a profile with `connect_decimal` then reads it (docs/profiles.md), also where base64 looks like digits.'
      : formats.includes('epoch_microseconds')
        ? ' If Debezium writes it: time.precision.mode=isostring (connect cuts to milliseconds).'
        : '';

const FINDING: Readonly<Record<Finding['code'], (finding: Finding) => string>> = {
  no_json_object: (found) =>
    `${share(found)} of the messages are no JSON object (${found.detail}). Send one JSON object in UTF-8 a message; there are no deletions, so no empty messages either.`,
  envelope_missing: (found) =>
    `${share(found)} of the messages have no object at ${names(found)}. Send the record's full state there, in every message.`,
  field_missing: (found) =>
    `\`${found.field}\` is missing in ${share(found)} of the messages. It is needed in every one: ${needed(found.field!)}.`,
  field_invalid: (found) =>
    `\`${found.field}\` can't be read in ${share(found)} of the messages${names(found) ? `: ${names(found)} is ${formats(found)}` : ''}. It must be ${needed(found.field!)}.${hint(found)}`,
  alias_conflict: (found) =>
    `In ${share(found)} of the messages, members that should be the same differ (${found.detail}). Send one of them, or the same value in all.`,
  future: (found) =>
    `In ${share(found)} of the messages, \`updated_at\` is later than the time at which the broker got them. Check the clock, and that times carry their offset.`,
  schema_version: (found) =>
    `${share(found)} of the messages have a \`schema_version\` other than 1 or 1.x: another contract, which has to be agreed on.`,
  order_missing: (found) =>
    `${share(found)} of the messages have neither \`updated_at\` nor \`version\`${names(found) ? ` that can be read (${names(found)}: ${formats(found)})` : ''}. Without them an older state that comes late can't be told from a newer one. At least 99 % need one: \`updated_at\` as ${needed('updated_at')}; or \`version\`, ${needed('version')} that grows with every change of the record.`,
  zone_unknown: (found) =>
    `${names(found)}: times without an offset. ${found.detail === undefined ? 'Nothing in the messages says which zone they are in' : `They look like ${found.detail}, which may be a zone whose clock changes`}. Send the offset; or say which zone it is (--time-zone).`,
  wall_clock: (found) =>
    `${names(found)} is later than the broker had the message, always by ${found.detail!.slice(1)}: a local time (${found.detail}) that says that it is UTC. Send the offset that it has; or set \`wall_time\` and \`time_zone\` for \`${found.field}\` in the profile (docs/profiles.md#formats-of-values).`,
  records_in_array: (found) =>
    `The records are in an array at ${names(found)}, which the sync does not read: a message is one record. Send one record a message (Canal: \`canal.mq.flatMessage\` with one row, or a connector that writes rows).`,
  avro: (found) =>
    `${share(found)} of the messages are binary behind the header of a schema registry, such as Avro, and the schema that they name is not known here. Set \`SCHEMA_REGISTRY_URL\` or \`AZURE_SCHEMA_REGISTRY_URL\`, or name files in \`avro_schemas\` of a --profile (docs/profiles.md#avro), and run this check again: it reads Avro then. Or send JSON.`,
  confirm_deletes: (found) =>
    `${names(found)} says of ${share(found)} of the messages that their record was deleted (${found.detail}): are records deleted? The sync has no deletions: the rows stay. If that is meant, use the profile that is proposed, which passes over them; a cancelled order is a new \`status\`, a refund a new entry.`,
  behind_header: (found) =>
    `${share(found)} of the messages are no JSON object by themselves: their JSON is behind the header of a schema registry (its wire format), which the profile reads (\`encoding\`).`,
  json_in_text: (found) =>
    `${share(found)} of the messages are no JSON object but a JSON text that holds JSON, as a converter writes it that is given JSON; the profile reads it (\`{"parse": "json"}\`).`,
  never_paired: (found) =>
    `${found.detail} entries that are a payment or a receive have a \`related_type\` other than \`PAYMENT_ORDER\`: they are stored, and never paired. Is theirs another domain, or another word for an order?`,
  through_double: (found) =>
    `${names(found)}: numbers with an exponent (1.2E16), as a program writes a double. Digits beyond its 15 are lost already: send the amount as text, or from a decimal.`,
  cut_to_milliseconds: () =>
    '`updated_at` has milliseconds: two states of a record within one are a tie. If its column has more, `time.precision.mode=isostring` keeps them (connect cuts).',
  confirm_scale: (found) =>
    `${names(found)}: whole numbers only, of a currency that has a smaller unit. If they are cents, \`"${found.field}": { "format": "minor_units", "scale": 2 }\` in the profile reads them; as they are, they are stored as whole units.`,
  minor_units: (found) =>
    `${names(found)} seems to be an amount in a smaller unit (cents). \`amount\` is needed: ${needed('amount')}.`,
  related_id: (found) =>
    `\`related_id\` (the order's id) is missing in ${share(found)} of the messages. These entries are stored, and never paired.`,
  rename: (found) =>
    `${share(found)} of the messages use other names than the contract (${names(found)}). They are read, but the ratio is above its limit, and the alert AliasHitHigh stays on until producers use the contract's names.`,
  confirm_name: (found) => `Is ${names(found)} really \`${found.field}\`? The name alone does not say so.`,
  confirm_envelope: (found) =>
    `Each of ${names(found)} could be the record. The first one is read: is the current state there?`,
  confirm_zone: (found) => `Few messages say so: are times without an offset in ${found.detail}?`,
  confirm_format: (found) =>
    `${names(found)}: ${formats(found)}, read as UTC. Does its column hold a time without a zone (Debezium writes it so)? Then it is somebody's local time: set \`wall_time\` and \`time_zone\` in the profile (docs/profiles.md).`,
  read_format: (found) =>
    `${names(found)} is ${formats(found)}, which the profile reads as it is (docs/profiles.md).${hint(found)}`,
  confirm_ignored: (found) =>
    `Messages that hold no record (${names(found)}) are passed over by this profile, and rows stay as they are: is that meant? A deletion does not reach the tables. Without \`ignored\` each is a dead letter.`,
  confirm_position: (found) =>
    `There is neither \`updated_at\` nor \`version\`: ${names(found)}, the place in the source's log, decides which state is newer. It holds as long as the source is the same. After a restore or a failover its log may begin lower, and old rows would win until somebody raises \`epoch\` in the profile: is that acceptable, or can the table have an \`updated_at\`?`,
  key_missing: (found) =>
    `${share(found)} of the messages have no key. Send the record's id as the key: its states then keep their order.`,
  key_differs: (found) =>
    `In ${share(found)} of the messages the key is not the record's id. The order of a record's states is then not given by the broker.`,
  keys_scattered: (found) =>
    `${found.detail} records have states in more than one partition: they may arrive in any order.`,
  mixed_axes: (found) =>
    `Only some messages (${share(found)}) have \`${found.field}\`, which decides first which state is newer. One that lacks it never replaces one that has it.`,
  axis_inversions: (found) =>
    `${found.detail} times a state came after a newer one of its record, in the same partition. If it was not published again, its \`${found.field}\` goes backwards while the record changes (\`now()\` is the start of a transaction, not its end), and the older state stays: docs/clocks.md.`,
  contradictions: (found) =>
    `In ${found.detail} cases \`updated_at\` and \`version\` of two states of a record say opposite things. Which of the two is right?`,
  ties: (found) =>
    `${found.detail} times two different states of a record have the same \`updated_at\` and \`version\`. The one that the broker got last wins.`,
  no_pair_types: () =>
    'No entry is a `PAYMENT` or a `RECEIVE`: entries with other types are stored, and never paired.',
  currencies: (found) =>
    `${names(found)}: amounts of more than one currency. The currency is not stored; amounts of different ones would look alike.`,
  deletions: (found) =>
    `${names(found)}: are records deleted? The sync has no deletions: such a record would stay as if it were there. A cancelled order is a new \`status\`, a refund a new entry.`,
  hub_name: (found) => `Set ${found.detail}=${found.names?.[0]}: the profile names another hub.`,
  other_profile: (found) => `The built-in profile ${names(found)} reads these messages as well.`,
};

export const en: Words = {
  percent,
  title: (topic) => `Topic check: ${topic}`,
  verdict: {
    ready: 'Ready: the topic can be used as it is.',
    ready_with_profile: 'Ready with this profile: the topic can be used with the profile that is proposed.',
    ask_producer: 'Ask the producer: the topic can not be used until the points below are settled.',
  },
  samples: ({ received, with_broker_data }) =>
    `${received} messages${with_broker_data === 0 ? ', without key, partition and enqueue time' : with_broker_data === received ? ', with key, partition and enqueue time' : `, ${with_broker_data} of them with key, partition and enqueue time`}.`,
  guessed: 'Which topic it is was guessed from the names of the members; --topic says it.',
  notAllMembers: 'There are more members than are looked at: fields among the last ones may be missing here.',
  envelope: (path) => `The record is at \`${path}\` of every message.`,
  zone: (zone) => `Times without an offset are read as ${zone}.`,
  heading: {
    asks: 'What we ask for',
    wishes: 'Good to know',
    fields: 'Fields',
    others: 'Other members, which are ignored',
    profiles: 'Profiles',
    ratios: 'Forecast of the ratios over 7 days',
    history: 'Keys, order, pairs',
    failures: 'Messages that would be put aside',
    rules: 'What values have to look like',
  },
  finding: (finding) => FINDING[finding.code](finding),
  format: FORMAT,
  column: {
    field: 'field',
    need: 'need',
    found: 'found as',
    share: 'share',
    formats: 'formats',
    profile: 'profile',
    accepted: 'accepted',
    lacks: 'lacks',
    ratio: 'ratio',
    forecast: 'forecast',
    threshold: 'limit',
    ok: 'kept',
    reason: 'reason',
    detail: 'rule',
    count: 'messages',
    example: 'first at',
  },
  need: { core: 'required', wanted: 'asked for', optional: 'optional' },
  source: { 'built-in': 'built in', given: 'given', proposed: 'proposed' },
  ratio: {
    metadata_coverage_ratio: 'messages with `updated_at` or `version`',
    core_violation_rate: 'messages that break a required field',
    alias_hit_ratio: 'messages with other names than the contract',
    version_missing_ratio: 'messages with neither `updated_at` nor `version`',
  },
  unsure: 'unsure',
  notUsed: 'not used',
  yes: 'yes',
  no: 'no',
  absent: 'none',
  estimate: (oneIn) => `An estimate: followed were one record in ${oneIn}, chosen by the hash of its id.`,
  keys: (keys) => [
    `Key: ${keys.without_key} messages without one, ${keys.other_key} with another than the record's id.`,
    `Partitions: ${keys.partitions}; the fullest has ${percent(keys.largest_share)}; ${keys.records_in_several_partitions} records are in several.`,
  ],
  noKeys: 'Key and partitions are not known: the samples are bodies only.',
  order: (order) => [
    `Order: ${percent(order.updated_at_share)} have updated_at, ${percent(order.version_share)} version, ${percent(order.neither_share)} neither; ${order.first} decides first.`,
    `Of ${order.records} records there are ${order.further_states} further states: ${order.late} late (older than one that came before), ${order.duplicates} duplicates, ${order.ties} ties (same revision, other content).`,
  ],
  pairs: (pairs) => [
    `related_id is missing in ${percent(pairs.related_id_null_share)}. Entries: ${pairs.entries.payment} PAYMENT, ${pairs.entries.receive} RECEIVE, ${pairs.entries.other} of other types.`,
    `Of ${pairs.related_ids} related ids, ${pairs.complete} would be complete pairs, ${pairs.ambiguous} ambiguous; where the samples begin and end, halves are missing.`,
  ],
  rules: [
    'Every message holds the full current state of its record; a missing optional field means that it has none.',
    'Times: RFC 3339 with offset, `2026-11-22T10:00:00.123Z`; or milliseconds since 1970 as a JSON number. Not seconds.',
    'Amounts: a JSON number or a text such as `12.50`, with at most 38 digits, 18 of them after the point; no commas, no currency sign.',
    'Ids: texts or whole numbers of 1 to 256 characters. `version`: a whole number that grows with every change.',
    "The message's key is the record's id.",
  ],
};
