import type { FieldReport, FormatShare, TopicReport } from '../topicCheck/report.ts';
import type { Shape } from '../topicCheck/tally.ts';
import type { Words } from './words/words.ts';

/** A report as headings, lines, lists and tables: the terminal and a Markdown page show the same. */
export type Block =
  | { readonly kind: 'title' | 'heading' | 'text'; readonly text: string }
  | { readonly kind: 'verdict'; readonly text: string; readonly good: boolean }
  | { readonly kind: 'list'; readonly lines: readonly string[] }
  | {
      readonly kind: 'table';
      readonly head: readonly string[];
      readonly rows: readonly (readonly string[])[];
    }
  | { readonly kind: 'code'; readonly text: string };

/** The page of a report. For producers, it says what values have to look like as well. */
export function pageOf(report: TopicReport, words: Words, forProducers: boolean): Block[] {
  const { heading, column } = words;
  const lines = (title: string, list: readonly string[]): Block[] =>
    list.length === 0
      ? []
      : [
          { kind: 'heading', text: title },
          { kind: 'list', lines: list },
        ];
  const table = (title: string, head: string[], rows: string[][]): Block[] =>
    rows.length === 0
      ? []
      : [
          { kind: 'heading', text: title },
          { kind: 'table', head, rows },
        ];
  return [
    { kind: 'title', text: words.title(report.topic) },
    { kind: 'verdict', text: words.verdict[report.verdict], good: report.verdict !== 'ask_producer' },
    ...sampleLines(report, words, forProducers).map((text): Block => ({ kind: 'text', text })),
    ...lines(heading.asks, report.asks.map(words.finding)),
    ...lines(heading.wishes, report.wishes.map(words.finding)),
    ...(forProducers && report.asks.length > 0 ? lines(heading.rules, words.rules) : []),
    ...table(
      heading.fields,
      [column.field, column.need, column.found, column.share, column.formats],
      report.fields.map((field) => fieldRow(field, words)),
    ),
    ...lines(
      heading.others,
      report.other_members.map(({ name, formats }) => `\`${name}\`: ${formatText(formats, words)}`),
    ),
    ...table(
      heading.ratios,
      [column.ratio, column.forecast, column.threshold, column.ok],
      report.ratios.map(({ name, value, threshold, at_least, ok }) => [
        words.ratio[name],
        value === null ? words.absent : words.percent(value),
        `${at_least ? '≥' : '≤'} ${words.percent(threshold)}`,
        value === null ? words.absent : ok ? words.yes : words.no,
      ]),
    ),
    ...table(
      heading.profiles,
      [column.profile, column.accepted, column.lacks],
      report.profiles.map(({ id, source, share, lacks }) => [
        `${id} (${words.source[source]})`,
        words.percent(share),
        lacks.join(', '),
      ]),
    ),
    ...lines(heading.history, historyLines(report, words)),
    ...table(
      heading.failures,
      [column.reason, column.detail, column.count, column.example],
      report.failures.map(({ reason, detail, count, example }) => [
        reason,
        detail,
        String(count),
        example.at,
      ]),
    ),
    ...report.failures
      .slice(0, 3)
      .map(({ example }): Block => ({ kind: 'code', text: shapeText(example.shape) })),
  ];
}

function sampleLines(
  { samples, topic_guessed, envelope, time_zone: { zone } }: TopicReport,
  words: Words,
  forProducers: boolean,
) {
  return [
    words.samples(samples),
    ...(topic_guessed && !forProducers ? [words.guessed] : []),
    ...(samples.all_members_seen ? [] : [words.notAllMembers]),
    ...(envelope.length === 0 ? [] : [words.envelope(envelope.join('.'))]),
    ...(zone === null ? [] : [words.zone(zone)]),
  ];
}

function fieldRow({ field, need, share, found }: FieldReport, words: Words): string[] {
  const marked = found.map(({ name, used, unsure }) => {
    const marks = [...(unsure ? [words.unsure] : []), ...(used ? [] : [words.notUsed])];
    return marks.length === 0 ? name : `${name} (${marks.join(', ')})`;
  });
  return [
    field,
    words.need[need],
    marked.join('; '),
    words.percent(share),
    found.map(({ formats }) => formatText(formats, words)).join('; '),
  ];
}

const SHOWN_FORMATS = 3;

function formatText(formats: readonly FormatShare[], words: Words): string {
  const shown = formats.slice(0, SHOWN_FORMATS);
  return shown
    .map(
      ({ format, share }) =>
        `${words.format[format]}${formats.length === 1 ? '' : ` ${words.percent(share)}`}`,
    )
    .join(', ');
}

function historyLines({ keys, order, pairs }: TopicReport, words: Words): string[] {
  const estimated = Math.max(order.one_record_in, pairs?.one_related_id_in ?? 1);
  return [
    ...(keys === null ? [words.noKeys] : words.keys(keys)),
    // Without a message that was read there is nothing to tell.
    ...(order.records === 0 ? [] : words.order(order)),
    ...(pairs === null || order.records === 0 ? [] : words.pairs(pairs)),
    ...(estimated > 1 ? [words.estimate(estimated)] : []),
  ];
}

function shapeText(shape: Shape): string {
  return JSON.stringify(shape, null, 2);
}
