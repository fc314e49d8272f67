import { PAYMENT_PAIRING } from '../../../shared/pairing/rule.ts';
import type { ExplainText } from '../../texts/explain/en.ts';
import type { Say } from '../../texts/texts.ts';
import type { WindowState } from '../queries/listWindows.ts';
import type { Pair } from '../queries/readPair.ts';
import type { DeadLetterFacts, Facts, PaymentFacts, RowFacts } from './facts.ts';

/** Says what was found in the language of who asks. */
export type SayFacts = Say<ExplainText>;

/** What an id is; none where nothing has it. */
export function kindsOf(
  { id, entry, payment, wallet, deadLetter, deadLettersOfKey }: Facts,
  say: SayFacts,
): string[] {
  const isPayment = payment !== undefined && payment.id === id;
  return [
    ...(entry === undefined ? [] : [say('isEntry')]),
    ...(isPayment ? [say(payment.order === undefined ? 'isPaymentWithoutOrder' : 'isOrder')] : []),
    ...(wallet === undefined ? [] : [say('isWallet')]),
    ...(deadLetter === undefined ? [] : [say('isDeadLetter')]),
    ...(deadLettersOfKey.length > 0 && entry === undefined && !isPayment ? [say('isKeyOfDeadLetters')] : []),
  ];
}

/** What somebody wants to know first, a sentence for each thing that the id is. */
export function sentencesOf(facts: Facts, say: SayFacts): string[] {
  const { id, entry, payment, wallet, deadLetter, deadLettersOfKey: letters } = facts;
  const kinds = kindsOf(facts, say);
  const isPayment = payment !== undefined && payment.id === id;
  return [
    ...(kinds.length > 1 ? [say('several', { count: kinds.length, kinds: kinds.join('; ') })] : []),
    ...(entry === undefined ? [] : [entrySentence(entry, payment, say), ...windowSentence(entry, say)]),
    ...(isPayment ? [paymentSentence(payment, say), ...windowSentence(payment.order, say)] : []),
    ...(wallet === undefined
      ? []
      : [
          say('wallet', {
            entries: countOf(wallet.entries, wallet.isCut, say),
            first: wallet.first,
            latest: wallet.latest[0]!.event_time,
          }),
        ]),
    ...(deadLetter === undefined ? [] : [deadLetterSentence(deadLetter, say)]),
    ...(letters.length > 0 && entry === undefined && !isPayment ? [say('noRow')] : []),
  ];
}

/** Why a pair has the status that it has (SPEC 5). */
export function reasonOf(pair: Pair, say: SayFacts): string {
  const {
    pairing_status: status,
    confirmed,
    mismatch,
    payment_count: payments,
    receive_count: receives,
  } = pair;
  const counts = say('counts', { payments, receives });
  const because = confirmed
    ? say('confirmed', { counts })
    : status === 'COMPLETE'
      ? say('bothCame')
      : status === 'AMBIGUOUS'
        ? say('ambiguous', { counts })
        : say('notCome', { type: payments === 0 ? 'PAYMENT' : 'RECEIVE' });
  if (!mismatch) return because;
  return confirmed
    ? say('mismatchConfirmed', { because })
    : say('mismatchAmounts', {
        because,
        payment: String(pair.payment_amount),
        receive: String(pair.receive_amount),
      });
}

/** Why an entry belongs to no pair; `undefined` where it may. */
export function unpairedBecause({ columns }: RowFacts, say: SayFacts): string | undefined {
  const { related_id: relatedId, related_type: relatedType, entry_type: type } = columns;
  if (relatedId === null) return say('noRelatedId');
  if (relatedType !== null && relatedType !== PAYMENT_PAIRING.relatedType)
    return say('otherRelatedType', { type: relatedType! });
  const { paymentEntryType: payment, receiveEntryType: receive } = PAYMENT_PAIRING;
  return type === payment || type === receive ? undefined : say('onlyPair', { payment, receive });
}

/** Seconds from the broker to the row, as text; empty for what a dump brought. */
export function delayOf({ source }: RowFacts, say: SayFacts): string {
  if (source.partition < 0) return '';
  const seconds = (source.ingestedAt.getTime() - source.enqueuedAt.getTime()) / 1000;
  return seconds < 120
    ? say('seconds', { count: seconds.toFixed(1) })
    : say('minutes', { count: Math.round(seconds / 60) });
}

function entrySentence(entry: RowFacts, payment: PaymentFacts | undefined, say: SayFacts): string {
  const { entry_type: type, amount, currency, wallet_id: wallet } = entry.columns;
  const money = `${amount}${currency === null ? '' : ` ${currency}`}`;
  const unpaired = unpairedBecause(entry, say);
  const belongs =
    unpaired !== undefined
      ? say('unpaired', { because: unpaired })
      : payment?.pair === undefined
        ? say('noPair')
        : say('pairIs', { status: payment.pair.pairing_status, because: reasonOf(payment.pair, say) });
  return say('entrySentence', {
    type: type!,
    money,
    wallet: wallet!,
    belongs,
    written: writtenOf(entry, say),
  });
}

function paymentSentence({ order, pair, entries }: PaymentFacts, say: SayFacts): string {
  const total = entries.kinds.reduce((sum, kind) => sum + kind.entries, 0);
  const head =
    order === undefined
      ? say('orderless', { entries: countOf(total, entries.isCut, say) })
      : say('orderOf', { status: order.columns['status']!, amount: order.columns['amount']! });
  const who =
    pair?.payer_wallet_id && pair.payee_wallet_id
      ? say('who', { payer: pair.payer_wallet_id, payee: pair.payee_wallet_id })
      : '';
  const pairs =
    pair === undefined
      ? say('noEntries')
      : say('thePairIs', { status: pair.pairing_status, because: reasonOf(pair, say) });
  return order === undefined
    ? say('paymentSentence', { head, who, pairs })
    : say('orderSentence', { head, who, pairs, written: writtenOf(order, say) });
}

const WINDOW_IS = {
  matched: 'windowMatched',
  short: 'windowShort',
  over: 'windowOver',
  amount_differs: 'windowDiffers',
  content_differs: 'windowDiffers',
  open: 'windowOpen',
} as const satisfies Record<WindowState, ExplainText>;

/** Whether all is here that its source has counted of the time of a row: what was lost before the broker has no trace else. */
function windowSentence(row: RowFacts | undefined, say: SayFacts): string[] {
  if (row?.window === undefined) return [];
  const { window, state, found_count: found, expected_count: expected } = row.window;
  return [say(WINDOW_IS[state], { window, found: found ?? '', expected })];
}

function deadLetterSentence({ columns, replay }: DeadLetterFacts, say: SayFacts): string {
  const { topic, error, error_detail: detail, resolution } = columns;
  const state = replay ?? say('wasResolved', { resolution: String(resolution) });
  return say('deadLetterSentence', {
    topic: String(topic),
    error: String(error),
    detail: String(detail),
    state,
  });
}

function writtenOf(row: RowFacts, say: SayFacts): string {
  const delay = delayOf(row, say);
  return delay === '' ? say('fromDump') : say('writtenAfter', { delay });
}

function countOf(count: number, isCut: boolean, say: SayFacts): string {
  const entries = count === 1 ? say('oneEntry') : say('entries', { count: count.toLocaleString('en-US') });
  return isCut ? say('moreThan', { entries }) : entries;
}
