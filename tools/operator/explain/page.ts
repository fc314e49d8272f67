import { terminalWidth } from '../../terminal/output.ts';
import type { ListedEntry } from '../queries/entriesOfPayment.ts';
import type { DeadLetterFacts, Facts, PaymentFacts, RowFacts } from './facts.ts';
import type { History } from './history.ts';
import { delayOf, reasonOf, sentencesOf } from './sentence.ts';
import { settlementBlock } from './settlement.ts';
import { type JudgedEvent, timeText } from './verdicts.ts';

/** What is known of an id, for a terminal: in lines that fit. */
export function pageOf(facts: Facts, histories: readonly History[] | undefined): string {
  const width = terminalWidth();
  const blocks = blocksOf(facts, histories);
  return blocks.map((lines) => lines.flatMap((line) => wrapped(line, width)).join('\n')).join('\n\n');
}

/** What is known of an id, in blocks of lines: sentences first, then the facts, each block under its title. */
export function blocksOf(facts: Facts, histories: readonly History[] | undefined): string[][] {
  const { id, entry, payment, wallet, deadLetter, deadLettersOfKey: letters } = facts;
  const isPayment = payment !== undefined && payment.id === id;
  return [
    sentencesOf(facts),
    ...(deadLetter === undefined ? [] : [deadLetterBlock(deadLetter)]),
    ...(entry === undefined ? [] : [rowBlock('Ledger entry', entry)]),
    ...(payment === undefined ? [] : paymentBlocks(payment, isPayment)),
    ...(wallet === undefined
      ? []
      : [
          [
            'Latest entries of the wallet',
            ...wallet.latest.map(
              (one) => `  ${entryLine(one)}${one.related_id ? ` of ${one.related_id}` : ''}`,
            ),
          ],
        ]),
    ...(letters.length === 0
      ? []
      : [
          [
            'Dead letters of this key, the latest first',
            ...letters.map(
              (one) =>
                `  ${one.dlq_id}  ${one.error}: ${one.error_detail} (${one.topic} ${one.partition}/${one.sequence_number}, ` +
                `${one.resolution ?? 'open'}); explain ${one.dlq_id}`,
            ),
          ],
        ]),
    ...(histories ?? []).map(historyBlock),
  ];
}

function rowBlock(title: string, row: RowFacts): string[] {
  const missing = Object.keys(row.columns).filter((name) => row.columns[name] === null);
  const given = Object.entries(row.columns).filter(([, value]) => value !== null);
  return [
    title,
    ...given.map(([name, value]) => `  ${name.padEnd(16)} ${value}`),
    ...(missing.length === 0 ? [] : [`  ${'without'.padEnd(16)} ${missing.join(', ')}`]),
    `  ${'from'.padEnd(16)} ${sourceOf(row)}`,
    `  ${'written'.padEnd(16)} ${timeText(row.source.ingestedAt.getTime() * 1000)}${delayOf(row) && `, ${delayOf(row)} after`}`,
  ];
}

function sourceOf({ source, topic, profiles }: RowFacts): string {
  const { partition, sequence, enqueuedAt } = source;
  const at = timeText(enqueuedAt.getTime() * 1000);
  if (partition < 0) return `line ${sequence} of a dump as of ${at}`;
  const profile = profiles.length === 0 ? 'no longer known' : profiles.join(' or ');
  return `${topic}, partition ${partition}, number ${sequence}, enqueued ${at}, profile ${profile}`;
}

function paymentBlocks({ id, order, pair, settlement, entries }: PaymentFacts, isAsked: boolean): string[][] {
  const orderBlock =
    order === undefined
      ? [`Payment ${id}`, '  its order has not come']
      : isAsked
        ? rowBlock('Payment order', order)
        : [
            `Payment order ${id}`,
            `  ${order.columns['status']}, ${order.columns['amount']}, ${sourceOf(order)}`,
          ];
  const pairBlock =
    pair === undefined
      ? []
      : [
          [
            `Pair: ${pair.pairing_status}${pair.mismatch ? ', mismatch' : ''}`,
            `  because ${reasonOf(pair)}`,
            `  PAYMENT ${pair.payment_tx_id ?? '(none)'} of ${pair.payer_wallet_id ?? '(none)'}`,
            `  RECEIVE ${pair.receive_tx_id ?? '(none)'} of ${pair.payee_wallet_id ?? '(none)'}`,
            `  amount ${pair.amount ?? '(none)'}, status ${pair.status ?? '(none)'}, changed ${pair.updated_at}`,
          ],
        ];
  const kinds = entries.kinds.map(
    ({ entry_type: type, entries: count, amount }) => `${count} ${type} (${amount})`,
  );
  const skipped =
    entries.kinds.reduce((sum, kind) => sum + kind.entries, 0) - entries.first.length - entries.last.length;
  const entryBlock = [
    `Entries: ${kinds.join(', ') || 'none'}${entries.isCut ? '; there are more, which were not counted' : ''}`,
    ...entries.first.map((one) => `  ${entryLine(one)}`),
    ...(skipped > 0 ? [`  ... ${skipped} more ...`] : []),
    ...entries.last.map((one) => `  ${entryLine(one)}`),
  ];
  return [
    orderBlock,
    ...pairBlock,
    ...(settlement === undefined ? [] : [settlementBlock(settlement)]),
    entryBlock,
  ];
}

function entryLine({
  event_time: time,
  entry_type: type,
  amount,
  wallet_id: wallet,
  tx_id: txId,
}: ListedEntry): string {
  return `${time}  ${type} ${amount}  ${txId}, wallet ${wallet}`;
}

function deadLetterBlock({ columns, advice, replay }: DeadLetterFacts): string[] {
  const value = (name: string) => {
    const found = columns[name];
    return found instanceof Date ? timeText(found.getTime() * 1000) : String(found ?? '(none)');
  };
  return [
    `Dead letter ${value('dlq_id')}`,
    `  ${'rule broken'.padEnd(16)} ${value('error')}: ${value('error_detail')}`,
    ...(advice === undefined ? [] : [`  ${'what to do'.padEnd(16)} ${advice}`]),
    ...(replay === undefined
      ? [`  ${'resolved'.padEnd(16)} ${value('resolved_at')}, ${value('resolution')}`]
      : [`  ${'replay'.padEnd(16)} ${replay}`]),
    `  ${'from'.padEnd(16)} ${value('topic')}, partition ${value('partition')}, number ${value('sequence_number')}, enqueued ${value('enqueued_at')}, profile ${value('profile_id')}`,
    `  ${'parked'.padEnd(16)} ${value('ingested_at')}, ${value('replay_count')} attempts since`,
    `  ${'key'.padEnd(16)} ${value('key')}`,
    `  ${'correlation id'.padEnd(16)} ${value('correlation_id')}`,
  ];
}

function historyBlock({ topic, events, partitions, looked, since, cut, row }: History): string[] {
  const where = partitions.length === 0 ? 'no partition' : `partition ${partitions.join(', ')}`;
  const from = since === undefined ? 'from its first event on' : `since ${timeText(since.getTime() * 1000)}`;
  return [
    `Events of this key that ${topic} still holds (${where}, ${from}; ${looked.toLocaleString('en-US')} looked at)`,
    ...events.flatMap((event, index) => eventLines(event, index + 1)),
    ...(events.length === 0 ? ['  none'] : []),
    ...(row === undefined || events.length === 0 ? [] : [`  The row ${row}.`]),
    ...(cut === undefined
      ? []
      : [
          `  Not all was looked at: ${cut === 'most' ? '--most or --since moves the limit' : 'it was stopped'}.`,
        ]),
  ];
}

function eventLines(event: JudgedEvent, number: number): string[] {
  const { partition, sequenceNumber, enqueuedAt, verdict, detail, against, differs, isHighest } = event;
  const changes = differs.map(({ field, was, is }) => `${field} ${was ?? 'nothing'} -> ${is ?? 'nothing'}`);
  const compared =
    against === null ? [] : [`    against ${against}: ${changes.join('; ') || 'no difference'}`];
  return [
    `  ${String(number).padStart(2)}  ${timeText(enqueuedAt)}  ${partition}/${sequenceNumber}  ${verdict}${isHighest ? ', highest' : ''}`,
    ...(detail === null ? [] : [`    ${detail}`]),
    ...compared,
  ];
}

/** A line in parts that fit; what goes on is indented as its beginning, and a little more. */
function wrapped(line: string, width: number): string[] {
  const lines: string[] = [];
  const indent = ' '.repeat(Math.min((/^ */.exec(line)?.[0].length ?? 0) + 2, 8));
  let rest = line;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const at = space > indent.length + 10 ? space : width;
    lines.push(rest.slice(0, at).trimEnd());
    rest = indent + rest.slice(at).trimStart();
  }
  return [...lines, rest];
}
