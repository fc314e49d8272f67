import type { LogicalTopic, RecordTopic } from '../../../shared/contracts/fields.ts';
import { malformed } from './malformed.ts';
import type { Random } from './random.ts';
import { followingEntries } from './refunds.ts';

/** An event to publish. */
export interface SyntheticEvent<T extends LogicalTopic = RecordTopic> {
  readonly topic: T;
  /** The broker's key; `undefined` for an event that its producer sent to whatever partition. */
  readonly key: string | undefined;
  readonly body: Buffer;
  /** Why it has to become a dead letter; `undefined` for an event that has to be stored. */
  readonly fault: string | undefined;
}

type Payload = Record<string, unknown>;

interface Step {
  readonly topic: RecordTopic;
  readonly key: string;
  readonly payload: Payload;
}

/** How often things go the way they should not. Shares of events, or of payments where it says so. */
const SHARE = {
  malformed: 0.02,
  repeated: 0.05,
  outOfOrder: 0.06,
  withoutRevision: 0.04,
  withoutUpdatedAt: 0.03,
  aliased: 0.1,
  strayPartition: 0.02,
  sameRevisionOtherContent: 0.01,
  /** Of payments. `coarseClock`: all states of a record carry one `updated_at`, so their versions decide. */
  coarseClock: 0.2,
  orderNeverComes: 0.03,
  orderComesLate: 0.1,
  confirmed: 0.1,
  secondPayment: 0.01,
  moved: 0.01,
  unrelated: 0.02,
  otherDomain: 0.02,
  amountsDiffer: 0.01,
} as const;

/**
 * An endless stream of payments: an order and its states, the two entries, sometimes a confirmation; with
 * repetitions, late and malformed events, aliases, missing revisions and stray partitions in known shares. The same
 * seed gives the same payments, at the times of `clock`.
 */
export function* syntheticEvents(
  random: Random,
  run: string,
  clock: () => number,
): Generator<SyntheticEvent> {
  // Steps of payments that are under way: they interleave as those of real payments do.
  const open: Step[][] = [];
  for (let number = 0; ; ) {
    while (open.length < 40) open.push(paymentSteps(random, `${run}-${number++}`, clock()));
    const payment = random.pick(open);
    const step = payment.shift();
    if (step === undefined) {
      open.splice(open.indexOf(payment), 1);
      continue;
    }
    const event = published(random, step);
    yield event;
    if (random.chance(SHARE.repeated)) yield event;
  }
}

function published(random: Random, step: Step): SyntheticEvent {
  const key = random.chance(SHARE.strayPartition) ? undefined : step.key;
  if (random.chance(SHARE.malformed)) {
    const { reason, body } = malformed(random, step.payload);
    return { topic: step.topic, key, body, fault: reason };
  }
  const payload = random.chance(SHARE.aliased) ? withAliases(step) : step.payload;
  return { topic: step.topic, key, body: Buffer.from(toJson(payload)), fault: undefined };
}

/** A payment's events in the order in which they are published. */
function paymentSteps(random: Random, id: string, now: number): Step[] {
  const orderId = `order-${id}`;
  const amount = randomAmount(random);
  const coarse = random.chance(SHARE.coarseClock);
  const revise: Revise = (version) => revision(random, now, coarse ? now : now + version, version);
  const orders = orderSteps(random, orderId, amount, now, revise);
  const entries = entrySteps(random, id, orderId, amount, now, revise);
  if (random.chance(SHARE.confirmed)) entries.push(confirmation(random, id, orderId, amount, now));
  if (random.chance(SHARE.orderNeverComes)) return entries;
  const steps = random.chance(SHARE.orderComesLate) ? [...entries, ...orders] : [...orders, ...entries];
  // A late event: it is published after one that is newer.
  for (let index = 1; index < steps.length; index++) {
    if (random.chance(SHARE.outOfOrder)) steps.splice(index - 1, 2, steps[index]!, steps[index - 1]!);
  }
  return steps;
}

/** What a state of a record says about when it was published and which states it follows. */
type Revise = (version: number) => Payload;

function orderSteps(random: Random, orderId: string, amount: string, now: number, revise: Revise): Step[] {
  const order = {
    order_id: orderId,
    user_id: random.below(2 ** 31),
    merchant_name: random.pick(['Café Ümit', '서울 마트', 'Bücher & Co', "O'Brien"]),
    amount,
    created_at: iso(now),
  };
  return ['CREATED', 'AUTHORISED', 'PAID'].map((status, index) => ({
    topic: 'payment_order',
    key: orderId,
    payload: { ...order, status, ...revise(index + 1) },
  }));
}

function entrySteps(
  random: Random,
  id: string,
  orderId: string,
  amount: string,
  now: number,
  revise: Revise,
): Step[] {
  const related = random.chance(SHARE.unrelated) ? undefined : orderId;
  const relatedType = random.chance(SHARE.otherDomain) ? 'PAYOUT' : random.pick([undefined, 'PAYMENT_ORDER']);
  const entry = (side: string, type: string, version: number, change: Payload = {}): Step => ({
    topic: 'ledger',
    key: `tx-${side}-${id}`,
    payload: {
      tx_id: `tx-${side}-${id}`,
      wallet_id: `wallet-${side}-${random.below(500)}`,
      entry_type: type,
      amount,
      ...(related === undefined ? {} : { related_id: related }),
      ...(relatedType === undefined ? {} : { related_type: relatedType }),
      event_time: iso(now),
      source_created_at: iso(now - 5),
      ...revise(version),
      ...change,
    },
  });
  const payment = entry('p', 'PAYMENT', 1, { amount_signed: `-${amount}` });
  const receive = entry('r', 'RECEIVE', 1, random.chance(SHARE.amountsDiffer) ? { amount: '0.01' } : {});
  const steps = [payment, receive];
  const [payer, payee] = [payment, receive].map(({ payload }) => payload['wallet_id'] as string);
  for (const { side, type, change } of followingEntries(
    random,
    amount,
    { payer: payer!, payee: payee! },
    (side) => `tx-${side}-${id}`,
  )) {
    steps.push(entry(side, type, 1, change));
  }
  if (random.chance(SHARE.secondPayment)) steps.push(entry('p2', 'PAYMENT', 1));
  if (random.chance(SHARE.moved)) {
    const moved = { related_id: `${orderId}-moved`, ...revise(2) };
    steps.push({ ...payment, payload: { ...payment.payload, ...moved } });
  }
  if (random.chance(SHARE.sameRevisionOtherContent)) {
    steps.push({ ...receive, payload: { ...receive.payload, wallet_id: 'wallet-of-a-conflict' } });
  }
  return steps;
}

function confirmation(random: Random, id: string, orderId: string, amount: string, now: number): Step {
  return {
    topic: 'pair',
    key: orderId,
    payload: {
      payment_order_id: orderId,
      payment_tx_id: random.chance(0.1) ? 'tx-of-somebody-else' : `tx-p-${id}`,
      receive_tx_id: `tx-r-${id}`,
      payer_wallet_id: 'wallet-of-the-payer',
      payee_wallet_id: 'wallet-of-the-payee',
      amount,
      ...(random.chance(0.5) ? { status: 'CONFIRMED' } : {}),
      updated_at: iso(now),
      occurred_at: iso(now),
    },
  };
}

/** What orders the states of a record; not every producer sends all of it. */
function revision(random: Random, now: number, updatedAt: number, version: number): Payload {
  const published = { occurred_at: iso(now), schema_version: random.pick(['1', '1.0', '1.2']) };
  if (random.chance(SHARE.withoutRevision)) return published;
  if (random.chance(SHARE.withoutUpdatedAt)) return { ...published, version };
  return { ...published, updated_at: iso(updatedAt), version };
}

/** The names that the built-in profiles accept as well. */
function withAliases({ topic, payload }: Step): Payload {
  const { version, entry_type, source_created_at, ...rest } = payload;
  return {
    ...rest,
    ...(version === undefined ? {} : { source_version: version }),
    ...(topic === 'ledger' ? { type: entry_type, created_at: source_created_at } : {}),
  };
}

/** Amounts that a double would change are among them. */
function randomAmount(random: Random): string {
  const whole = random.chance(0.05)
    ? `9007199254740993${random.below(1000)}`
    : String(1 + random.below(1_000_000));
  return random.chance(0.5) ? whole : `${whole}.${String(random.below(100)).padStart(2, '0')}`;
}

/** Half of the amounts are JSON numbers, written with all their digits. */
function toJson(payload: Payload): string {
  const text = JSON.stringify(payload);
  return text.length % 2 === 0 ? text : text.replace(/"amount":"([^"]+)"/, '"amount":$1');
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
