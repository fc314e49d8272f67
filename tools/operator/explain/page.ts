import { columnsOf, padded, terminalWidth } from '../../terminal/output.ts';
import type { ListedEntry } from '../queries/entriesOfPayment.ts';
import type { WindowOfRow } from '../queries/windowOfRow.ts';
import type { DeadLetterFacts, Facts, PaymentFacts, RowFacts } from './facts.ts';
import type { History } from './history.ts';
import { delayOf, reasonOf, type SayFacts, sentencesOf } from './sentence.ts';
import { settlementBlock } from './settlement.ts';
import { type JudgedEvent, timeText } from './verdicts.ts';

/** What is known of an id, for a terminal: in lines that fit. */
export function pageOf(facts: Facts, histories: readonly History[] | undefined, say: SayFacts): string {
  const width = terminalWidth();
  const blocks = blocksOf(facts, histories, say);
  return blocks.map((lines) => lines.flatMap((line) => wrapped(line, width)).join('\n')).join('\n\n');
}

/** What is known of an id, in blocks of lines: sentences first, then the facts, each block under its title. */
export function blocksOf(facts: Facts, histories: readonly History[] | undefined, say: SayFacts): string[][] {
  const { id, entry, payment, wallet, deadLetter, deadLettersOfKey: letters } = facts;
  const isPayment = payment !== undefined && payment.id === id;
  return [
    sentencesOf(facts, say),
    ...(deadLetter === undefined ? [] : [deadLetterBlock(deadLetter, say)]),
    ...(entry === undefined ? [] : [rowBlock(say('entryTitle'), entry, say)]),
    ...(payment === undefined ? [] : paymentBlocks(payment, isPayment, say)),
    ...(wallet === undefined
      ? []
      : [
          [
            say('latestOfWallet'),
            ...wallet.latest.map(
              (one) =>
                `  ${entryLine(one, say)}${one.related_id ? say('ofPayment', { id: one.related_id }) : ''}`,
            ),
          ],
        ]),
    ...(letters.length === 0
      ? []
      : [
          [
            say('lettersTitle'),
            ...letters.map(
              (one) =>
                `  ${one.dlq_id}  ${one.error}: ${one.error_detail} (${one.topic} ${one.partition}/${one.sequence_number}, ` +
                `${one.resolution ?? say('open')}); explain ${one.dlq_id}`,
            ),
          ],
        ]),
    ...(histories ?? []).map((history) => historyBlock(history, say)),
  ];
}

function rowBlock(title: string, row: RowFacts, say: SayFacts): string[] {
  const missing = Object.keys(row.columns).filter((name) => row.columns[name] === null);
  const delay = delayOf(row, say);
  const given = Object.entries(row.columns).filter(([, value]) => value !== null);
  return [
    title,
    ...given.map(([name, value]) => `  ${name.padEnd(16)} ${value}`),
    ...(missing.length === 0 ? [] : [`  ${padded(say('without'), 16)} ${missing.join(', ')}`]),
    `  ${padded(say('from'), 16)} ${sourceOf(row, say)}`,
    `  ${padded(say('written'), 16)} ${timeText(row.source.ingestedAt.getTime() * 1000)}${delay && say('after', { delay })}`,
    ...(row.window === undefined ? [] : [`  ${padded(say('window'), 16)} ${windowOf(row.window, say)}`]),
  ];
}

function windowOf(
  { window, state, found_count: found, expected_count: expected }: WindowOfRow,
  say: SayFacts,
): string {
  return say('windowFact', { window, state, found: found ?? say('none'), expected });
}

function sourceOf({ source, topic, profiles }: RowFacts, say: SayFacts): string {
  const { partition, sequence, enqueuedAt } = source;
  const at = timeText(enqueuedAt.getTime() * 1000);
  if (partition < 0) return say('dumpLine', { line: sequence, time: at });
  const profile = profiles.length === 0 ? say('profileUnknown') : profiles.join(say('or'));
  return say('place', { topic, partition, number: sequence, time: at, profile });
}

function paymentBlocks(
  { id, order, pair, settlement, entries }: PaymentFacts,
  isAsked: boolean,
  say: SayFacts,
): string[][] {
  const none = `(${say('none')})`;
  const orderBlock =
    order === undefined
      ? [say('paymentTitle', { id }), `  ${say('orderNotCome')}`]
      : isAsked
        ? rowBlock(say('orderTitle'), order, say)
        : [
            say('orderTitleOf', { id }),
            `  ${order.columns['status']}, ${order.columns['amount']}, ${sourceOf(order, say)}`,
          ];
  const pairBlock =
    pair === undefined
      ? []
      : [
          [
            say('pairTitle', { status: pair.pairing_status }) + (pair.mismatch ? say('mismatch') : ''),
            `  ${say('because', { because: reasonOf(pair, say) })}`,
            `  ${say('slot', { type: 'PAYMENT', id: pair.payment_tx_id ?? none, wallet: pair.payer_wallet_id ?? none })}`,
            `  ${say('slot', { type: 'RECEIVE', id: pair.receive_tx_id ?? none, wallet: pair.payee_wallet_id ?? none })}`,
            `  ${say('pairFacts', { amount: pair.amount ?? none, status: pair.status ?? none, time: pair.updated_at })}`,
          ],
        ];
  const kinds = entries.kinds.map(
    ({ entry_type: type, entries: count, amount }) => `${count} ${type} (${amount})`,
  );
  const skipped =
    entries.kinds.reduce((sum, kind) => sum + kind.entries, 0) - entries.first.length - entries.last.length;
  const entryBlock = [
    say('entriesTitle', { kinds: kinds.join(', ') || say('none') }) +
      (entries.isCut ? say('entriesCut') : ''),
    ...entries.first.map((one) => `  ${entryLine(one, say)}`),
    ...(skipped > 0 ? [`  ${say('more', { count: skipped })}`] : []),
    ...entries.last.map((one) => `  ${entryLine(one, say)}`),
  ];
  return [
    orderBlock,
    ...pairBlock,
    ...(settlement === undefined ? [] : [settlementBlock(settlement, say)]),
    entryBlock,
  ];
}

function entryLine(
  { event_time: time, entry_type: type, amount, wallet_id: wallet, tx_id: id }: ListedEntry,
  say: SayFacts,
): string {
  return say('entryLine', { time, type, amount, id, wallet });
}

function deadLetterBlock({ columns, advice, replay }: DeadLetterFacts, say: SayFacts): string[] {
  const value = (name: string) => {
    const found = columns[name];
    return found instanceof Date ? timeText(found.getTime() * 1000) : String(found ?? `(${say('none')})`);
  };
  const label = (name: Parameters<SayFacts>[0]) => padded(say(name), 16);
  return [
    say('letterTitle', { id: value('dlq_id') }),
    `  ${label('rule')} ${value('error')}: ${value('error_detail')}`,
    ...(advice === undefined ? [] : [`  ${label('todo')} ${advice}`]),
    ...(replay === undefined
      ? [`  ${label('resolved')} ${value('resolved_at')}, ${value('resolution')}`]
      : [`  ${label('replay')} ${replay}`]),
    `  ${label('from')} ${say('place', {
      topic: value('topic'),
      partition: value('partition'),
      number: value('sequence_number'),
      time: value('enqueued_at'),
      profile: value('profile_id'),
    })}`,
    `  ${label('parked')} ${say('attempts', { time: value('ingested_at'), count: value('replay_count') })}`,
    `  ${label('key')} ${value('key')}`,
    `  ${label('correlationId')} ${value('correlation_id')}`,
  ];
}

function historyBlock(
  { topic, events, partitions, looked, since, cut, row }: History,
  say: SayFacts,
): string[] {
  const where =
    partitions.length === 0 ? say('noPartition') : say('inPartition', { partitions: partitions.join(', ') });
  const from =
    since === undefined ? say('fromFirst') : say('since', { time: timeText(since.getTime() * 1000) });
  return [
    say('historyTitle', { topic, where, since: from, looked: looked.toLocaleString('en-US') }),
    ...events.flatMap((event, index) => eventLines(event, index + 1, say)),
    ...(events.length === 0 ? [`  ${say('none')}`] : []),
    ...(row === undefined || events.length === 0
      ? []
      : [`  ${say(row === 'is the highest of these' ? 'rowIsHighest' : 'rowIsOther')}`]),
    ...(cut === undefined ? [] : [`  ${say(cut === 'most' ? 'cutMost' : 'cutStopped')}`]),
  ];
}

function eventLines(event: JudgedEvent, number: number, say: SayFacts): string[] {
  const { partition, sequenceNumber, enqueuedAt, verdict, detail, against, differs, isHighest } = event;
  const changes = differs.map(
    ({ field, was, is }) => `${field} ${was ?? say('nothing')} -> ${is ?? say('nothing')}`,
  );
  const compared =
    against === null
      ? []
      : [`    ${say('against', { number: against, changes: changes.join('; ') || say('noDifference') })}`];
  return [
    `  ${String(number).padStart(2)}  ${timeText(enqueuedAt)}  ${partition}/${sequenceNumber}  ${verdict}${isHighest ? say('highest') : ''}`,
    ...(detail === null ? [] : [`    ${detail}`]),
    ...compared,
  ];
}

/** A line in parts that fit; what goes on is indented as its beginning, and a little more. */
function wrapped(line: string, width: number): string[] {
  const lines: string[] = [];
  const indent = ' '.repeat(Math.min((/^ */.exec(line)?.[0].length ?? 0) + 2, 8));
  let rest = line;
  while (columnsOf(rest) > width) {
    const room = lettersIn(rest, width);
    const space = rest.lastIndexOf(' ', room);
    const at = space > indent.length + 10 ? space : room;
    lines.push(rest.slice(0, at).trimEnd());
    rest = indent + rest.slice(at).trimStart();
  }
  return [...lines, rest];
}

/** Letters that so many columns have room for. */
function lettersIn(text: string, columns: number): number {
  let letters = columns;
  while (columnsOf(text.slice(0, letters)) > columns) letters--;
  return letters;
}
