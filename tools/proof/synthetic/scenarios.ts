import type { RecordTopic } from '../../../shared/contracts/fields.ts';
import { malformed } from './malformed.ts';
import { type SyntheticEvent, syntheticEvents } from './payments.ts';
import type { Random } from './random.ts';

/** What a scenario is made of: the good states of one payment, in order. */
interface Payment {
  readonly id: string;
  readonly order: readonly [created: SyntheticEvent, paid: SyntheticEvent];
  readonly payment: SyntheticEvent;
  readonly receive: SyntheticEvent;
  /** The same record with other content or another revision. */
  readonly entry: (side: string, change: object) => SyntheticEvent;
  readonly confirmation: SyntheticEvent;
}

interface Scenario {
  readonly meaning: string;
  readonly events: (payment: Payment, random: Random) => readonly SyntheticEvent[];
}

const happy = ({ order, payment, receive }: Payment) => [...order, payment, receive];

/** The situations that the sync has to get right, each with what comes of it. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  happy: { meaning: 'an order and its two entries: a complete pair', events: happy },
  duplicate: {
    meaning: 'every event is sent twice: the same rows, half of the events are duplicates',
    events: (payment) => happy(payment).flatMap((event) => [event, event]),
  },
  'out-of-order': {
    meaning: 'the newer state comes first: the older one is stale',
    events: ({ order: [created, paid], payment, receive, entry }) => [
      paid,
      created,
      entry('p', { version: 2, wallet_id: 'wallet-corrected' }),
      payment,
      receive,
    ],
  },
  malformed: {
    meaning: 'each event is broken in one way: dead letters, and no row',
    events: (payment, random) =>
      happy(payment).map((event) => {
        const { reason, body } = malformed(random, JSON.parse(event.body.toString('utf8')));
        return { ...event, body, fault: reason };
      }),
  },
  'late-order': {
    meaning: 'the order comes after its entries: the pair takes its amount and status',
    events: ({ order, payment, receive }) => [payment, receive, ...order],
  },
  incomplete: {
    meaning: 'the RECEIVE never comes: the pair stays INCOMPLETE',
    events: ({ order, payment }) => [...order, payment],
  },
  ambiguous: {
    meaning: 'a second PAYMENT for one order: the pair becomes AMBIGUOUS',
    events: (payment) => [...happy(payment), payment.entry('p2', {})],
  },
  conflict: {
    meaning: 'one revision with two contents: the later position wins, and it is counted',
    events: (payment) => [...happy(payment), payment.entry('p', { wallet_id: 'wallet-of-a-conflict' })],
  },
  confirmed: {
    meaning: 'the upstream service confirms the pair',
    events: (payment) => [...happy(payment), payment.confirmation],
  },
  'version-missing': {
    meaning: 'no event has updated_at or version: the last one wins, and each is counted',
    events: (payment) =>
      happy(payment).map((event) => {
        const { updated_at, version, ...rest } = JSON.parse(event.body.toString('utf8'));
        return { ...event, body: json(rest) };
      }),
  },
};

/**
 * The events of one scenario, payment after payment; `mixed` is everything at once in known shares.
 *
 * @param createdAt when the records of now were created, where that is not now.
 */
export function* scenarioEvents(
  name: string,
  random: Random,
  run: string,
  clock: () => number,
  createdAt: (now: number) => number = (now) => now,
): Generator<SyntheticEvent> {
  const scenario = SCENARIOS[name];
  if (scenario === undefined) {
    yield* syntheticEvents(random, run, clock);
    return;
  }
  for (let number = 0; ; number++) {
    const now = clock();
    yield* scenario.events(makePayment(`${name}-${run}-${number}`, random, now, createdAt(now)), random);
  }
}

function makePayment(id: string, random: Random, now: number, createdAt: number): Payment {
  const at = (offset: number) => new Date(now + offset).toISOString();
  const event = (topic: RecordTopic, key: string, body: object): SyntheticEvent => ({
    topic,
    key,
    body: json(body),
    fault: undefined,
  });
  const orderId = `order-${id}`;
  const amount = `${1 + random.below(1_000_000)}.${String(random.below(100)).padStart(2, '0')}`;
  const revision = (version: number) => ({
    updated_at: at(version - 10),
    version,
    occurred_at: at(version - 10),
  });
  const order = (status: string, version: number) =>
    event('payment_order', orderId, {
      order_id: orderId,
      user_id: `user-${random.below(1000)}`,
      merchant_name: 'Corner shop',
      amount,
      status,
      created_at: new Date(createdAt - 20).toISOString(),
      ...revision(version),
    });
  const entry = (side: string, change: object) =>
    event('ledger', `tx-${side}-${id}`, {
      tx_id: `tx-${side}-${id}`,
      wallet_id: `wallet-${side}`,
      amount,
      related_id: orderId,
      entry_type: side === 'r' ? 'RECEIVE' : 'PAYMENT',
      related_type: 'PAYMENT_ORDER',
      event_time: at(-15),
      source_created_at: new Date(createdAt - 15).toISOString(),
      ...revision(1),
      ...change,
    });
  return {
    id,
    order: [order('CREATED', 1), order('PAID', 2)],
    payment: entry('p', {}),
    receive: entry('r', {}),
    entry,
    confirmation: event('pair', orderId, {
      payment_order_id: orderId,
      payment_tx_id: `tx-p-${id}`,
      receive_tx_id: `tx-r-${id}`,
      payer_wallet_id: 'wallet-p',
      payee_wallet_id: 'wallet-r',
      amount,
      status: 'CONFIRMED',
      ...revision(1),
    }),
  };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
