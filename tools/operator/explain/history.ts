import type { LogicalTopic } from '../../../shared/contracts/fields.ts';
import { ingestRules } from '../../../shared/ingest/rules.ts';
import { hubConnection, hubReader, namespaceRequired } from '../../target/target.ts';
import type { Asking, Facts, RowFacts } from './facts.ts';
import { type HubFindings, searchHub } from './hubSearch.ts';
import { type JudgedEvent, judge } from './verdicts.ts';

/** What a hub still holds of a key, each event with its verdict. */
export interface History {
  readonly topic: string;
  readonly events: readonly JudgedEvent[];
  readonly partitions: readonly number[];
  readonly looked: number;
  readonly since: Date | undefined;
  readonly cut: HubFindings<LogicalTopic>['cut'];
  /** How the row stands to these events; `undefined` where there is no row of its own. */
  readonly row: 'is the highest of these' | 'is of another event' | undefined;
}

export interface HistoryOptions {
  readonly since: Date | undefined;
  readonly most: number;
  readonly stopped: AbortSignal;
  readonly progress: (topic: string, looked: number, of: number) => void;
}

const HOUR_MS = 3_600_000;

/** The events of an id: of the entries' hub where it is an entry's, of the orders' and the pairs' where it is a payment's. */
export async function historyOf(asking: Asking, facts: Facts, options: HistoryOptions): Promise<History[]> {
  const found: History[] = [];
  for (const { logicalTopic, row } of placesOf(asking, facts)) {
    if (options.stopped.aborted) break;
    found.push(await historyIn(asking, facts, logicalTopic, row, options));
  }
  return found;
}

function placesOf(
  { settings: { topics } }: Asking,
  { id, entry, payment, deadLettersOfKey: letters }: Facts,
): { readonly logicalTopic: LogicalTopic; readonly row: RowFacts | undefined }[] {
  const parked = (logicalTopic: LogicalTopic) => letters.some(({ topic }) => topic === topics[logicalTopic]);
  const isPayment = payment !== undefined && payment.id === id;
  return [
    ...(entry !== undefined || parked('ledger') ? [{ logicalTopic: 'ledger' as const, row: entry }] : []),
    ...(isPayment || parked('payment_order')
      ? [{ logicalTopic: 'payment_order' as const, row: payment?.order }]
      : []),
    ...((isPayment || parked('pair')) && topics.pair !== ''
      ? [{ logicalTopic: 'pair' as const, row: undefined }]
      : []),
  ];
}

async function historyIn(
  asking: Asking,
  { id, deadLettersOfKey: letters }: Facts,
  logicalTopic: LogicalTopic,
  row: RowFacts | undefined,
  { since: asked, most, stopped, progress }: HistoryOptions,
): Promise<History> {
  const { settings, database, seesUserIds } = asking;
  const eventHubs = namespaceRequired(settings.eventHubs);
  const rules = ingestRules<LogicalTopic>(settings, database, logicalTopic);
  const { topic } = rules.contract;
  const letter = letters.find((one) => one.topic === topic);
  const known =
    row !== undefined && row.source.partition >= 0
      ? { partition: row.source.partition, sequenceNumber: Number(row.source.sequence) }
      : letter && { partition: letter.partition, sequenceNumber: Number(letter.sequence_number) };
  const since = asked ?? bornAt(row);
  const { events, ...rest } = await searchHub({
    rules,
    hub: hubReader(eventHubs),
    connect: hubConnection(eventHubs),
    key: id,
    known,
    since,
    most,
    stopped,
    progress: (looked, of) => progress(topic, looked, of),
  });
  const judged = judge(rules.contract, events, (field) => field === 'user_id' && !seesUserIds);
  const highest = judged.find(({ isHighest }) => isHighest);
  const isOfRow =
    highest !== undefined &&
    highest.partition === row?.source.partition &&
    highest.sequenceNumber === Number(row.source.sequence) &&
    Math.floor(highest.enqueuedAt / 1000) === row.source.enqueuedAt.getTime();
  return {
    ...rest,
    topic,
    events: judged,
    since,
    row: row === undefined ? undefined : isOfRow ? 'is the highest of these' : 'is of another event',
  };
}

/** No event of a record is older than the record; an hour is for clocks. `undefined` where nothing says when that was. */
function bornAt(row: RowFacts | undefined): Date | undefined {
  const times = [row?.columns['created_at'], row?.columns['event_time']].filter(
    (time) => typeof time === 'string',
  );
  if (times.length === 0) return undefined;
  return new Date(Math.min(...times.map((time) => Date.parse(time.replace(' ', 'T')))) - HOUR_MS);
}
