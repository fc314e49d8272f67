import { PAYMENT_PAIRING } from '../../../shared/pairing/rule.ts';
import type { Pair } from '../queries/readPair.ts';
import type { DeadLetterFacts, Facts, PaymentFacts, RowFacts } from './facts.ts';

/** What an id is; none where nothing has it. */
export function kindsOf({ id, entry, payment, wallet, deadLetter, deadLettersOfKey }: Facts): string[] {
  const isPayment = payment !== undefined && payment.id === id;
  return [
    ...(entry === undefined ? [] : ['a ledger entry']),
    ...(isPayment
      ? [payment.order === undefined ? 'a payment whose order has not come' : 'a payment order']
      : []),
    ...(wallet === undefined ? [] : ['a wallet']),
    ...(deadLetter === undefined ? [] : ['a dead letter']),
    ...(deadLettersOfKey.length > 0 && entry === undefined && !isPayment
      ? ['the key of dead letters, and no row']
      : []),
  ];
}

/** What somebody wants to know first, a sentence for each thing that the id is. */
export function sentencesOf(facts: Facts): string[] {
  const { id, entry, payment, wallet, deadLetter, deadLettersOfKey: letters } = facts;
  const kinds = kindsOf(facts);
  const isPayment = payment !== undefined && payment.id === id;
  return [
    ...(kinds.length > 1 ? [`This id is ${kinds.length} things: ${kinds.join('; ')}.`] : []),
    ...(entry === undefined ? [] : [entrySentence(entry, payment)]),
    ...(isPayment ? [paymentSentence(payment)] : []),
    ...(wallet === undefined
      ? []
      : [
          `A wallet with ${wallet.isCut ? 'more than ' : ''}${countOf(wallet.entries, 'entry', 'entries')} from ${wallet.first} on; ` +
            `the latest is of ${wallet.latest[0]!.event_time}.`,
        ]),
    ...(deadLetter === undefined ? [] : [deadLetterSentence(deadLetter)]),
    ...(letters.length > 0 && entry === undefined && !isPayment
      ? ['No row has this id: what came under this key was refused.']
      : []),
  ];
}

/** Why a pair has the status that it has (SPEC 5). */
export function reasonOf(pair: Pair): string {
  const {
    pairing_status: status,
    confirmed,
    mismatch,
    payment_count: payments,
    receive_count: receives,
  } = pair;
  const counts = `${payments} PAYMENT and ${receives} RECEIVE`;
  const because = confirmed
    ? `the topic of pairs has confirmed it (entries: ${counts})`
    : status === 'COMPLETE'
      ? 'one PAYMENT and one RECEIVE have come'
      : status === 'AMBIGUOUS'
        ? `${counts} have come; the slots hold the earliest of each`
        : `no ${payments === 0 ? 'PAYMENT' : 'RECEIVE'} has come yet`;
  if (!mismatch) return because;
  return confirmed
    ? `${because}; mismatch: no entry is the confirmed one, or its wallet or amount differs`
    : `${because}; mismatch: the amounts ${pair.payment_amount} and ${pair.receive_amount} differ`;
}

/** Why an entry belongs to no pair; `undefined` where it may. */
export function unpairedBecause({ columns }: RowFacts): string | undefined {
  const { related_id: relatedId, related_type: relatedType, entry_type: type } = columns;
  if (relatedId === null) return 'it names no payment (related_id)';
  if (relatedType !== null && relatedType !== PAYMENT_PAIRING.relatedType)
    return `its related_type is ${relatedType}`;
  const { paymentEntryType: payment, receiveEntryType: receive } = PAYMENT_PAIRING;
  return type === payment || type === receive ? undefined : `only ${payment} and ${receive} pair`;
}

/** Seconds from the broker to the row, as text; empty for what a dump brought. */
export function delayOf({ source }: RowFacts): string {
  if (source.partition < 0) return '';
  const seconds = (source.ingestedAt.getTime() - source.enqueuedAt.getTime()) / 1000;
  return seconds < 120 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 60)} min`;
}

function entrySentence(entry: RowFacts, payment: PaymentFacts | undefined): string {
  const { entry_type: type, amount, currency, wallet_id: wallet } = entry.columns;
  const money = `${amount}${currency === null ? '' : ` ${currency}`}`;
  const unpaired = unpairedBecause(entry);
  const belongs =
    unpaired !== undefined
      ? `it pairs with nothing: ${unpaired}`
      : payment?.pair === undefined
        ? 'its pair is not there'
        : `its pair is ${payment.pair.pairing_status}: ${reasonOf(payment.pair)}`;
  return `${type} of ${money}, wallet ${wallet}; ${belongs}; ${writtenOf(entry)}.`;
}

function paymentSentence({ order, pair, entries }: PaymentFacts): string {
  const total = entries.kinds.reduce((sum, kind) => sum + kind.entries, 0);
  const head =
    order === undefined
      ? `A payment of ${entries.isCut ? 'more than ' : ''}${countOf(total, 'entry', 'entries')} whose order has not come`
      : `${order.columns['status']} order of ${order.columns['amount']}`;
  const who =
    pair?.payer_wallet_id && pair.payee_wallet_id
      ? `, ${pair.payer_wallet_id} to ${pair.payee_wallet_id}`
      : '';
  const pairs =
    pair === undefined
      ? 'no PAYMENT or RECEIVE of it has come'
      : `the pair is ${pair.pairing_status}: ${reasonOf(pair)}`;
  return `${head}${who}; ${pairs}${order === undefined ? '' : `; ${writtenOf(order)}`}.`;
}

function deadLetterSentence({ columns, replay }: DeadLetterFacts): string {
  const { topic, error, error_detail: detail, resolution } = columns;
  const state = replay === undefined ? `It was resolved: ${resolution}.` : replay;
  return `An event of ${topic} that was refused: ${error} (${detail}). ${state}`;
}

function writtenOf(row: RowFacts): string {
  const delay = delayOf(row);
  return delay === '' ? 'it was loaded from a dump' : `written ${delay} after the broker had it`;
}

function countOf(count: number, one: string, many: string): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}
