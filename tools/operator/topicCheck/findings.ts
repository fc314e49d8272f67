import { FIELDS, type Field } from '../../../shared/contracts/fields.ts';
import { foundIn } from '../../../shared/contracts/found.ts';
import type { RejectionReason } from '../../../shared/contracts/rejection.ts';
import type { TimeFormat } from '../../../shared/contracts/timeFormats.ts';
import type { Evidence } from './evidence.ts';
import { isDeletion } from './names.ts';
import { positionOf } from './propose.ts';
import type { Place } from './reading.ts';
import type { Finding, TopicReport } from './report.ts';
import { shownName, shownPath } from './tally.ts';
import { valueWishes } from './valueWishes.ts';

type Facts = Omit<TopicReport, 'verdict' | 'asks' | 'wishes'>;

/** What has to be asked of the producer before the topic can be used, and what is worth knowing besides. */
export function findings(evidence: Evidence, facts: Facts): { asks: Finding[]; wishes: Finding[] } {
  const inArray = arraysOfRecords(evidence);
  // Whatever else is read is of the frame around them.
  if (inArray.length > 0) return { asks: [{ code: 'records_in_array', names: inArray }], wishes: [] };
  return { asks: asksOf(evidence, facts), wishes: wishesOf(evidence, facts) };
}

const WHOLE_MESSAGE: readonly RejectionReason[] = [
  'empty_body',
  'not_avro',
  'not_utf8',
  'not_json',
  'not_an_object',
];

function asksOf(evidence: Evidence, facts: Facts): Finding[] {
  const { zone, reading, survey } = evidence;
  const { accepted, received } = evidence.best.tally;
  // All dead letters together have to be rare.
  const many = received - accepted > evidence.options.thresholds.core_violation_rate * accepted;
  const asks = many ? failureAsks(evidence, facts) : [];
  // A message names its first fault only; the producer needs to know all of them.
  const further = many ? fieldAsks(evidence, facts) : [];
  asks.push(...further.filter(({ field }) => !asks.some((ask) => ask.field === field)));
  const order = orderAsk(evidence, facts);
  const isAsked = asks.some(({ field }) => field === 'updated_at' || field === 'version');
  if (order !== undefined && !isAsked) asks.push(order);
  if (zone.kind === 'unknown') {
    const offset = zone.offset === undefined ? {} : { detail: offsetText(zone.offset) };
    asks.push({ code: 'zone_unknown', names: zone.fields, ...offset });
  }
  asks.push(...wallClockAsks(evidence));
  // Who gave a profile that names it has decided.
  if (
    survey.operation !== undefined &&
    evidence.options.given?.topics[reading.topic].operation === undefined
  ) {
    const { path, deletes } = survey.operation;
    const count = survey.noRecords.get('deletes') ?? 0;
    const names = [shownPath(path)];
    asks.push({
      code: 'confirm_deletes',
      names,
      share: count / survey.samples,
      detail: [...deletes].sort().join(', '),
    });
  }
  // Beside an amount that is read, they are only another form of it.
  const amount = asks.findIndex(({ code, field }) => code === 'field_missing' && field === 'amount');
  if (amount >= 0 && reading.minorUnits.length > 0) {
    const names = reading.minorUnits.map(({ name }) => shownName(name));
    asks[amount] = { code: 'minor_units', field: 'amount', names };
  }
  return asks;
}

/** Members that hold the records of a message in an array, where the message is none itself. */
function arraysOfRecords({ survey, reading }: Evidence): string[] {
  if (reading.fields[0]?.chosen.some(({ weak }) => !weak) === true) return [];
  return [...reading.payload.children.values()]
    .filter(({ recordsInside }) => recordsInside > 0 && recordsInside * 2 > survey.objects)
    .map(({ path }) => shownPath(path));
}

/** A time that says where it is and is hours later than the broker had its message is somebody's local time. */
function wallClockAsks({ reading, best }: Evidence): Finding[] {
  const formats = best.profile.topics[reading.topic].formats as
    | Readonly<Record<string, TimeFormat>>
    | undefined;
  return reading.fields.flatMap(({ field, chosen }): Finding[] =>
    (formats?.[field.name]?.wall_time === true ? [] : chosen).flatMap(({ member, path }) => {
      const [most] = [...member.later].sort((a, b) => b[1] - a[1]);
      if (most === undefined || most[1] < CLOCK.least || most[1] < CLOCK.share * member.located) return [];
      const names = [shownPath(path)];
      return [{ code: 'wall_clock', field: field.name, names, detail: offsetText(most[0] * 15) }];
    }),
  );
}

/** So many times that are equally far ahead are no accident. */
const CLOCK = { least: 3, share: 0.8 } as const;

/** What the ingest itself says of the messages that it would not store. */
function failureAsks({ reading }: Evidence, facts: Facts): Finding[] {
  const { received } = facts.samples;
  return [...Map.groupBy(facts.failures, subjectOf)].map(([subject, failures]): Finding => {
    const share = failures.reduce((sum, failure) => sum + failure.count, 0) / received;
    const [{ reason, detail }] = failures as [(typeof failures)[number]];
    const field = fieldOf(reading.topic, detail);
    if (WHOLE_MESSAGE.includes(reason)) {
      if (failures.every((failure) => isAvroOfNoKnownSchema(failure.detail))) return { code: 'avro', share };
      const forms = new Set(failures.flatMap((failure) => foundIn(failure.detail) ?? []));
      return { code: 'no_json_object', share, detail: [subject, ...forms].join(', ') };
    }
    if (reason === 'unsupported_schema_version') return { code: 'schema_version', share };
    if (reason === 'timestamp_in_future') return { code: 'future', share };
    if (field === undefined) return { code: 'envelope_missing', share, names: [facts.envelope.join('.')] };
    if (reason === 'alias_conflict') return { code: 'alias_conflict', field, share, detail };
    return fieldAsk(reason === 'core_missing', field, share, facts);
  });
}

/** By the words of forms.ts, and of avro.ts where a profile reads Avro. */
function isAvroOfNoKnownSchema(detail: string): boolean {
  return detail.includes('then binary data such as Avro') || detail.endsWith('names is not known');
}

/** What the values of each field say, also behind the first fault of a message. */
function fieldAsks({ options, survey, reading }: Evidence, facts: Facts): Finding[] {
  if (survey.objects === 0) return [];
  // Where the envelope is empty, no field can be there.
  const opened = reading.envelope.length === 0 ? 1 : reading.payload.present / survey.objects;
  const bearable = options.thresholds.core_violation_rate;
  const shareOf = (name: string) => facts.fields.find(({ field }) => field === name)?.share ?? 0;
  return facts.fields.flatMap(({ field, need, share, found }) => {
    const used = found.filter((place) => place.used);
    const unreadable = used.reduce((sum, place) => sum + place.share * (1 - place.readable), 0);
    if (unreadable > bearable && field !== 'schema_version') return fieldAsk(false, field, unreadable, facts);
    const fallback = field === 'event_time' ? shareOf('source_created_at') : 0;
    const missing = opened - Math.max(share, fallback);
    return need === 'core' && missing > bearable ? fieldAsk(true, field, missing, facts) : [];
  });
}

/** Enough messages need one of the two by which the states of a record are ordered. */
function orderAsk({ options, best, survey }: Evidence, facts: Facts): Finding | undefined {
  const places = facts.fields.filter(({ field }) => field === 'updated_at' || field === 'version');
  const readable = places.map(({ found }) =>
    found.filter(({ used }) => used).reduce((sum, place) => sum + place.share * place.readable, 0),
  );
  if (survey.objects === 0) return undefined;
  const share = best.tally.accepted > 0 ? facts.order.neither_share : 1 - Math.max(...readable);
  if (share <= 1 - options.thresholds.metadata_coverage_ratio) return undefined;
  const unread = places.flatMap(({ found }) => found.filter(({ used, readable }) => !used || readable < 1));
  const formats = unread.flatMap((place) => place.formats.map(({ format }) => format));
  const names = unread.map(({ name }) => name);
  return { code: 'order_missing', share, names, formats: [...new Set(formats)] };
}

/** Failures of one field and kind are one thing to ask for. */
function subjectOf({ reason, detail }: { reason: RejectionReason; detail: string }): string {
  return WHOLE_MESSAGE.includes(reason) ? reason : `${reason} ${detail.split(':')[0]}`;
}

function fieldOf(topic: Facts['topic'], detail: string): string | undefined {
  const fields: readonly Field[] = FIELDS[topic];
  return fields.find(({ name }) => detail.startsWith(`${name}:`))?.name;
}

function fieldAsk(missing: boolean, field: string, share: number, facts: Facts): Finding {
  const found = facts.fields.find((one) => one.field === field)?.found ?? [];
  const unreadable = found.filter(({ readable, used }) => readable < 1 || !used);
  // Under another name, in a form that nobody can read: the form is what to ask for.
  if (missing && !unreadable.some(({ used }) => !used)) return { code: 'field_missing', field, share };
  const formats = unreadable.flatMap((place) => place.formats.map(({ format }) => format));
  const names = unreadable.map(({ name }) => name);
  return { code: 'field_invalid', field, share, names, formats: [...new Set(formats)] };
}

/** `+09:00`. */
function offsetText(minutes: number): string {
  const part = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${part(minutes / 60)}:${part(minutes % 60)}`;
}

const HUB_SETTING = {
  ledger: 'LEDGER_TOPIC',
  payment_order: 'PAYMENT_ORDER_TOPIC',
  pair: 'PAIR_TOPIC',
} as const;

/** Fewer sightings than these say little of a zone. */
const MANY = 10;

function wishesOf(evidence: Evidence, facts: Facts): Finding[] {
  const { survey, reading, zone, best, options } = evidence;
  const wishes: Finding[] = [];
  const places = reading.fields.flatMap(({ field, chosen }) => chosen.map((place) => ({ field, place })));
  for (const { field, place } of places) {
    if (place.weak) wishes.push({ code: 'confirm_name', field: field.name, names: [nameOf(place)] });
  }
  if (reading.rivals.length > 0) {
    const names = [reading.payload, ...reading.rivals].map(({ path }) => shownPath(path));
    wishes.push({ code: 'confirm_envelope', names });
  }
  wishes.push(...formatWishes(places), ...valueWishes(evidence));
  const { registry_json: behindHeader, text: inText } = survey.wrapped;
  if (behindHeader > 0) wishes.push({ code: 'behind_header', share: behindHeader / survey.samples });
  if (inText > 0) wishes.push({ code: 'json_in_text', share: inText / survey.samples });
  const position = positionOf(survey, reading);
  if (position !== undefined) {
    wishes.push({
      code: 'confirm_position',
      field: 'version',
      names: [shownPath(position.alias.root)],
    });
  }
  if ((best.profile.topics[reading.topic].ignored ?? []).length > 0 && survey.noRecords.size > 0) {
    const names = [...survey.noRecords].map(([kind, count]) => `${kind}: ${count}`);
    wishes.push({ code: 'confirm_ignored', names });
  }
  if (zone.kind === 'known' && zone.from === 'samples' && survey.objects < MANY) {
    wishes.push({ code: 'confirm_zone', detail: zone.zone });
  }
  const aliasRatio = facts.ratios.find(({ name }) => name === 'alias_hit_ratio');
  if (aliasRatio?.ok === false && aliasRatio.value !== null) {
    const renamed = places.filter(({ field, place }) => nameOf(place) !== field.name);
    const names = renamed.map(({ field, place }) => `${nameOf(place)} → ${field.name}`);
    // Only what is around the record has another name.
    if (names.length > 0) wishes.push({ code: 'rename', names, share: aliasRatio.value });
  }
  if (facts.pairs !== null && best.tally.accepted > 0) {
    const { related_id_null_share: share, entries } = facts.pairs;
    if (share > 0) wishes.push({ code: 'related_id', field: 'related_id', share });
    if (entries.payment + entries.receive === 0) wishes.push({ code: 'no_pair_types', field: 'entry_type' });
  }
  wishes.push(...keyWishes(facts, best.tally.accepted), ...orderWishes(facts, options.thresholds));
  const currencies = [...payloadMembers(reading)].filter(({ currencies }) => (currencies?.size ?? 0) > 1);
  if (currencies.length > 0) {
    wishes.push({ code: 'currencies', names: currencies.map(({ path }) => shownPath(path)) });
  }
  const deletions = [...reading.payload.children.values()].filter(
    ({ name, present }) => present > 0 && isDeletion(name),
  );
  if (deletions.length > 0) {
    wishes.push({ code: 'deletions', names: deletions.map(({ name }) => shownName(name)) });
  }
  const ownHub = best.profile.topics[reading.topic].topic;
  if (options.hub !== undefined && best.source !== 'proposed' && ownHub !== options.hub) {
    wishes.push({ code: 'hub_name', names: [options.hub], detail: HUB_SETTING[reading.topic] });
  }
  const builtIn = facts.profiles.find(({ source }) => source === 'built-in');
  if (best.source === 'given' && builtIn !== undefined && builtIn.lacks.length === 0) {
    wishes.push({ code: 'other_profile', names: [builtIn.id] });
  }
  return wishes;
}

/** How fields are read that are not written as usual; of numbers since 1970 no value says whether they are a wall time. */
function formatWishes(places: readonly { readonly field: Field; readonly place: Place }[]): Finding[] {
  const others = places.filter(({ place }) => place.format !== undefined);
  const epochs = others.filter(({ place }) => place.format?.format?.startsWith('epoch_') === true);
  const formatsOf = (some: typeof others) => [
    ...new Set(some.flatMap(({ place }) => [...place.member.formats.keys()])),
  ];
  const read = others
    .filter((one) => !epochs.includes(one))
    .map((one): Finding => ({ code: 'read_format', names: [nameOf(one.place)], formats: formatsOf([one]) }));
  if (epochs.length === 0) return read;
  const names = epochs.map(({ place }) => nameOf(place));
  return [...read, { code: 'confirm_format', names, formats: formatsOf(epochs) }];
}

function nameOf({ path }: Place): string {
  return shownPath(path);
}

function* payloadMembers({ payload }: Evidence['reading']) {
  for (const child of payload.children.values()) {
    yield child;
    yield* child.children.values();
  }
}

function keyWishes({ keys, samples }: Facts, accepted: number): Finding[] {
  if (keys === null) return [];
  const wishes: Finding[] = [];
  const { without_key: missing, other_key: other, records_in_several_partitions: scattered } = keys;
  if (missing > 0) wishes.push({ code: 'key_missing', share: missing / samples.with_broker_data });
  if (other > 0) wishes.push({ code: 'key_differs', share: other / Math.max(accepted, 1) });
  if (scattered > 0) wishes.push({ code: 'keys_scattered', detail: String(scattered) });
  return wishes;
}

function orderWishes({ order }: Facts, thresholds: { metadata_coverage_ratio: number }): Finding[] {
  const wishes: Finding[] = [];
  const first = order.first === 'updated_at' ? order.updated_at_share : order.version_share;
  if (order.mixed_axes > 0 || (first > 0 && first < thresholds.metadata_coverage_ratio)) {
    wishes.push({ code: 'mixed_axes', field: order.first, share: first });
  }
  if (order.axis_inversions > 0)
    wishes.push({ code: 'axis_inversions', field: order.first, detail: String(order.axis_inversions) });
  if (order.contradictions > 0) wishes.push({ code: 'contradictions', detail: String(order.contradictions) });
  if (order.ties > 0) wishes.push({ code: 'ties', detail: String(order.ties) });
  return wishes;
}
