import type { RecordTopic } from '../../shared/contracts/fields.ts';
import type { LoggedEvent } from '../../tools/proof/brokerLog.ts';
import { START } from '../../tools/proof/exampleEvents.ts';
import type { Crash, History, HistoryDump } from './history.ts';

/** What a writer does next. */
export type Step =
  | ({ readonly kind: 'batch' } & PlannedBatch)
  | { readonly kind: 'dump'; readonly dump: HistoryDump; readonly firstLine: number }
  | { readonly kind: 'replay' }
  | { readonly kind: 'sweep' };

/** A batch as a writer delivers it: events of one partition, by their place in the history. */
export interface PlannedBatch {
  readonly topic: RecordTopic;
  readonly partition: number;
  readonly events: readonly number[];
  readonly crash?: Crash;
  /** After the crash: how many of the events come in a batch of their own. */
  readonly cut?: number;
}

/** The events as they lie in the broker. */
export function brokerLog({ events }: History): LoggedEvent[] {
  const ends = new Map<string, { next: number; enqueuedAt: number }>();
  return events.map(({ topic, partition, pause, body, fault, ignored }) => {
    const end = ends.get(`${topic}/${partition}`) ?? { next: 0, enqueuedAt: START / 1000 };
    const enqueuedAt = end.enqueuedAt + pause;
    ends.set(`${topic}/${partition}`, { next: end.next + 1, enqueuedAt });
    return {
      topic,
      partition,
      sequenceNumber: end.next,
      enqueuedAt,
      body: Buffer.from(body),
      fault,
      ignored: ignored === 'always',
    };
  });
}

/** What the tables are computed from: events as a replay reads them in the end, and the rows of dumps. */
export function modelLog(history: History): LoggedEvent[] {
  const events = brokerLog(history).map((event, index) => {
    const { mended, ignored } = history.events[index]!;
    if (ignored === 'mended') return { ...event, ignored: true, fault: undefined };
    return mended === undefined ? event : { ...event, body: Buffer.from(mended), fault: undefined };
  });
  const rows = history.dumps.flatMap(({ topic, rows, asOf }, number) =>
    rows.map(({ body }, index) => ({
      topic,
      partition: -1,
      sequenceNumber: firstLineOf(history, number) + index,
      enqueuedAt: START / 1000 + asOf,
      body: Buffer.from(body),
      fault: undefined,
    })),
  );
  return [...events, ...rows];
}

/** Lines of two dumps are not the same: no two rows have one position. */
function firstLineOf({ dumps }: History, number: number): number {
  return dumps.slice(0, number).reduce((line, { rows }) => line + rows.length, 1);
}

/** What each writer does, one step after the other: its batches, with dumps and replays between them. */
export function plan(history: History): Step[][] {
  const writers: Step[][] = planBatches(history).map((batches) =>
    batches.map((batch) => ({ kind: 'batch', ...batch })),
  );
  const insert = ({ writer, place }: { writer: number; place: number }, step: Step) => {
    const steps = writers[writer % writers.length]!;
    steps.splice(place % (steps.length + 1), 0, step);
  };
  history.dumps.forEach((dump, number) => {
    insert(dump, { kind: 'dump', dump, firstLine: firstLineOf(history, number) });
  });
  for (const replay of history.replays) insert(replay, { kind: 'replay' });
  for (const sweep of history.sweeps) insert(sweep, { kind: 'sweep' });
  return writers;
}

function planBatches(history: History): PlannedBatch[][] {
  const deliveries = history.events.flatMap(({ deliveries }, event) =>
    deliveries.map(({ at, writer }) => ({ at, event, writer: writer % history.writers })),
  );
  deliveries.sort((a, b) => a.at - b.at || a.event - b.event);
  const open = new Map<string, number[]>();
  const batches: { writer: number; events: number[] }[] = [];
  for (const { event, writer } of deliveries) {
    const { topic, partition } = history.events[event]!;
    const place = `${writer}/${topic}/${partition}`;
    const batch = open.get(place);
    if (batch !== undefined && batch.length < history.batchSize) batch.push(event);
    else {
      const events = [event];
      open.set(place, events);
      batches.push({ writer, events });
    }
  }
  const planned = batches.map(({ writer, events }, index) => {
    const { topic, partition } = history.events[events[0]!]!;
    const crash = history.crashes.find(({ batch }) => batch % batches.length === index);
    const fault = crash === undefined ? {} : { crash: crash.crash, cut: crash.cut };
    return { writer, batch: { topic, partition, events, ...fault } };
  });
  return Array.from({ length: history.writers }, (_, number) =>
    planned.filter(({ writer }) => writer === number).map(({ batch }) => batch),
  );
}

/** The history as a table of events and a line for each writer: what a person needs to follow it. */
export function describeHistory(history: History): string {
  const log = brokerLog(history);
  const rows = log.map(({ topic, partition, sequenceNumber, enqueuedAt, fault }, index) => [
    String(index),
    `${topic}/${partition}/${sequenceNumber}`,
    `+${enqueuedAt - START / 1000} ms`,
    fault === undefined ? '' : `(${fault})`,
    history.events[index]!.label,
  ]);
  const writers = plan(history).map((steps, writer) => {
    const texts = steps.map((step) => {
      if (step.kind === 'replay' || step.kind === 'sweep') return step.kind;
      if (step.kind === 'dump') return dumpText(step.dump);
      const { events, crash, cut } = step;
      const again =
        cut === undefined || cut === 0 || cut >= events.length ? 'again' : `again, cut after ${cut}`;
      return `[${events.join(' ')}]${crash === undefined ? '' : ` (${crashText(crash)}, ${again})`}`;
    });
    return `  writer ${writer + 1}: ${texts.join(' ') || 'nothing'}`;
  });
  return [
    `Events (${history.versionFirst ? 'version' : 'updated_at'} decides first${history.expectNewKeys ? ', new keys are expected' : ''}):`,
    ...table(['#', 'position', 'enqueued', 'fault', 'event'], rows),
    'Delivered in batches, the writers at the same time:',
    ...writers,
    'In the end what was never delivered is repaired, and all dead letters are replayed.',
  ].join('\n');
}

function dumpText({ topic, rows, asOf, crash }: HistoryDump): string {
  const failing = crash === null ? '' : ` (${crashText(crash)}, again)`;
  return `dump of ${topic} as of +${asOf} ms: ${rows.map(({ label }) => label).join('; ')}${failing}`;
}

function crashText(crash: Crash): string {
  if (crash.kind === 'statement') return `the server's process ends at statement trigger ${crash.at}`;
  if (crash.kind === 'message') return `cut before message ${crash.at}`;
  return 'the answer is lost';
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    `  ${row.map((text, column) => text.padEnd(widths[column]!)).join('  ')}`.trimEnd();
  return [line(header), ...rows.map(line)];
}
