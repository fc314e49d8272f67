/**
 * What SPEC 16 says of payments, from the stored entries and orders alone. Written from the specification, not from the SQL;
 * amounts are whole numbers of 10^-18.
 */

/** Column → value as text, as in the model of the other tables. */
type Row = Readonly<Record<string, string | null>>;

/** The rules, as the model knows them by itself: those of the specification. */
export interface ModelRules {
  readonly signs: Readonly<Record<string, number>>;
  readonly flows: Readonly<
    Record<string, { readonly out: string; readonly in: string; oneToOne?: true; givesBack?: true }>
  >;
  readonly reversing: readonly string[];
  readonly cancelled: readonly string[];
  readonly allowed: Readonly<Record<string, readonly string[]>>;
}

const PAID_STATES = ['PAID', 'PARTIALLY_REFUNDED', 'REFUND_PENDING', 'REFUNDED'];
const CANCELLED_STATES = ['CANCELLED', 'REVERSED', 'REFUNDED'];

export const SPECIFIED_RULES: ModelRules = {
  signs: {
    ...Object.fromEntries(
      'PAYMENT WITHDRAW REFUND_OUT BURN FEE_OUT CHARGEBACK_OUT'.split(' ').map((type) => [type, -1]),
    ),
    ...Object.fromEntries(
      'RECEIVE CHARGE REFUND_IN MINT FEE_IN CHARGEBACK_IN'.split(' ').map((type) => [type, 1]),
    ),
    HOLD: 0,
    RELEASE: 0,
  },
  flows: {
    charge: { out: 'PAYMENT', in: 'RECEIVE', oneToOne: true },
    refund: { out: 'REFUND_OUT', in: 'REFUND_IN', givesBack: true },
    chargeback: { out: 'CHARGEBACK_OUT', in: 'CHARGEBACK_IN', givesBack: true },
    fee: { out: 'FEE_OUT', in: 'FEE_IN' },
    hold: { out: 'HOLD', in: 'RELEASE' },
  },
  reversing: ['REVERSAL', 'CORRECTION'],
  cancelled: ['CANCELLED', 'CANCELED'],
  allowed: {
    SETTLED: PAID_STATES,
    PAID: PAID_STATES,
    COMPLETED: PAID_STATES,
    REFUNDED: ['REFUNDED', 'REFUND_PENDING'],
    CANCELLED: CANCELLED_STATES,
    CANCELED: CANCELLED_STATES,
  },
};

const SCALE = 18;

function units(text: string): bigint {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text)!;
  const value = BigInt(whole! + fraction.padEnd(SCALE, '0'));
  return sign === '-' ? -value : value;
}

function decimal(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(SCALE + 1, '0');
  const fraction = digits.slice(-SCALE).replace(/0+$/, '');
  const text = digits.slice(0, -SCALE) + (fraction === '' ? '' : `.${fraction}`);
  return value < 0n ? `-${text}` : text;
}

/** Exact. */
export function sumOfAmounts(amounts: readonly string[]): string {
  return decimal(total(amounts.map(units)));
}

const absolute = (value: bigint) => (value < 0n ? -value : value);
const smaller = (a: bigint, b: bigint) => (a < b ? a : b);
const total = (values: readonly bigint[]) => values.reduce((sum, value) => sum + value, 0n);

/** An entry in its group. */
interface Member {
  readonly row: Row;
  readonly type: string;
  readonly amount: bigint;
  /** What reversals take off it, before it is bounded; `undefined` where none names it. */
  readonly undone: bigint | undefined;
}

/** Every payment that has entries of a known type, by its id. */
export function settlements(
  entries: ReadonlyMap<string, Row>,
  orders: ReadonlyMap<string, Row>,
  rules: ModelRules = SPECIFIED_RULES,
): Map<string, Row> {
  const groups = new Map<string, Row[]>();
  for (const entry of entries.values()) {
    if (!isKnown(entry['entry_type']!, rules)) continue;
    const group = groupOf(entry, entries, rules);
    if (group !== undefined) groups.set(group, [...(groups.get(group) ?? []), entry]);
  }
  return new Map(
    [...groups].map(([id, rows]) => [id, settlementOf(id, rows, orders.get(id), entries, rules)]),
  );
}

const isReversal = (type: string, rules: ModelRules) => rules.reversing.includes(type);
const isKnown = (type: string, rules: ModelRules) =>
  Object.hasOwn(rules.signs, type) || isReversal(type, rules);

/** The group of an entry: of what it reverses, where that is known; none for a circle. */
function groupOf(entry: Row, entries: ReadonlyMap<string, Row>, rules: ModelRules): string | undefined {
  const seen = new Set<string>();
  let at = entry;
  while (isReversal(at['entry_type']!, rules)) {
    const named = at['reverses_tx_id'];
    const reversed = named ? entries.get(named) : undefined;
    if (reversed === undefined) break;
    seen.add(at['tx_id']!);
    if (seen.has(reversed['tx_id']!)) return undefined;
    at = reversed;
  }
  const ours = at['related_type'] === null || at['related_type'] === 'PAYMENT_ORDER';
  return ours && isKnown(at['entry_type']!, rules) ? (at['related_id'] ?? undefined) : undefined;
}

function settlementOf(
  id: string,
  rows: readonly Row[],
  order: Row | undefined,
  entries: ReadonlyMap<string, Row>,
  rules: ModelRules,
): Row {
  const reversals = rows.filter((row) => isReversal(row['entry_type']!, rules));
  const members = rows
    .filter((row) => !reversals.includes(row))
    .map((row): Member => {
      const by = reversals.filter((reversal) => reversal['reverses_tx_id'] === row['tx_id']);
      const undone = by.length === 0 ? undefined : total(by.map(amountOf));
      return { row, type: row['entry_type']!, amount: amountOf(row), undone };
    });
  const flow = (name: string) => flowOf(members, rules.flows[name]!);
  const [charge, refund, chargeback, fee, hold] = ['charge', 'refund', 'chargeback', 'fee', 'hold'].map(flow);
  const givingBack = Object.keys(rules.flows)
    .filter((name) => rules.flows[name]!.givesBack)
    .map(flow);
  const givenBack = refund!.amount + chargeback!.amount;
  const net = charge!.amount - givenBack;
  const currencies = new Set(rows.map((row) => row['currency']).filter((currency) => currency !== null));
  const held = hold!.out > hold!.in;
  const someGivenBack = givingBack.some(({ entries: count }) => count > 0);

  const state = (): string => {
    const noChargeLeft = charge!.outLeft + charge!.inLeft === 0;
    if (order && rules.cancelled.includes(order['status']!)) {
      const noneGivenBack = givingBack.every(({ outLeft, inLeft }) => outLeft + inLeft === 0);
      if (noChargeLeft && noneGivenBack && !held) return 'CANCELLED';
    }
    if (charge!.entries > 0 && noChargeLeft) return 'REVERSED';
    if (charge!.entries === 0) {
      if (held) return 'HELD';
      return someGivenBack ? 'REFUND_ONLY' : 'PENDING';
    }
    if (charge!.outLeft === 0 || charge!.inLeft === 0) return 'PENDING';
    if (givingBack.some((one) => one.out !== one.in)) return 'REFUND_PENDING';
    if (givenBack === 0n) return 'PAID';
    return givenBack >= charge!.amount ? 'REFUNDED' : 'PARTIALLY_REFUNDED';
  };
  const found = state();

  const walletsOf = (type: string) =>
    new Set(members.filter((member) => member.type === type).map(({ row }) => row['wallet_id']));
  const strays = (of: string, among: string) => {
    const known = walletsOf(among);
    return known.size > 0 && [...walletsOf(of)].some((wallet) => !known.has(wallet));
  };
  const { charge: charged, refund: refunded } = rules.flows;
  const violations = Object.entries({
    currency_mixed: currencies.size > 1,
    flow_ambiguous: Object.entries(rules.flows).some(
      ([name, { oneToOne }]) => oneToOne && (flow(name).outLeft > 1 || flow(name).inLeft > 1),
    ),
    flow_unbalanced: [charge!, refund!, chargeback!, fee!].some((one) => one.out !== one.in),
    refund_exceeds_payment: charge!.entries > 0 && givenBack > charge!.amount,
    refund_to_other_wallet: strays(refunded!.in, charged!.out) || strays(refunded!.out, charged!.in),
    refund_without_payment: someGivenBack && charge!.entries === 0,
    reversal_of_reversal: reversals.some((row) =>
      isReversal(named(row, entries)?.['entry_type'] ?? '', rules),
    ),
    reversal_of_unknown: reversals.some((row) => named(row, entries) === undefined),
    reversed_more_than_entry: members.some(({ amount, undone }) => undone !== undefined && undone > amount),
    sign_disagrees: members.some(({ row, type }) => {
      const given = units(row['amount_signed'] ?? '0');
      const sign = rules.signs[type]!;
      return given !== 0n && sign !== 0 && given < 0n !== sign < 0;
    }),
    status_disagrees:
      order !== undefined &&
      Object.hasOwn(rules.allowed, order['status']!) &&
      !rules.allowed[order['status']!]!.includes(found),
  });
  const times = rows.map((row) => BigInt(row['event_time']!)).sort((a, b) => (a < b ? -1 : 1));
  return {
    payment_order_id: id,
    state: found,
    paid_amount: decimal(charge!.amount),
    refunded_amount: decimal(refund!.amount),
    charged_back_amount: decimal(chargeback!.amount),
    fee_amount: decimal(fee!.amount),
    reversed_amount: decimal(total(members.map(({ amount, undone }) => smaller(amount, undone ?? 0n)))),
    net_amount: decimal(net),
    refundable_amount: decimal(net > 0n ? net : 0n),
    currency: currencies.size === 1 ? [...currencies][0]! : null,
    charge_entries: String(charge!.entries),
    refund_entries: String(refund!.entries),
    chargeback_entries: String(chargeback!.entries),
    fee_entries: String(fee!.entries),
    hold_entries: String(hold!.entries),
    reversal_entries: String(reversals.length),
    violations: `{${violations
      .filter(([, is]) => is)
      .map(([kind]) => kind)
      .sort()
      .join(',')}}`,
    first_event_time: String(times[0]),
    last_event_time: String(times.at(-1)),
  };
}

const amountOf = (row: Row) => absolute(units(row['amount']!));

function named(reversal: Row, entries: ReadonlyMap<string, Row>): Row | undefined {
  const id = reversal['reverses_tx_id'];
  return id ? entries.get(id) : undefined;
}

function flowOf(members: readonly Member[], sides: { readonly out: string; readonly in: string }) {
  const of = (side: string) => members.filter(({ type }) => type === side);
  const remaining = ({ amount, undone }: Member) => amount - smaller(amount, undone ?? 0n);
  const left = (side: readonly Member[]) =>
    side.filter(({ amount, undone }) => undone === undefined || undone < amount).length;
  const out = of(sides.out);
  const into = of(sides.in);
  const [outSum, inSum] = [total(out.map(remaining)), total(into.map(remaining))];
  return {
    out: outSum,
    in: inSum,
    amount: smaller(outSum, inSum),
    entries: out.length + into.length,
    outLeft: left(out),
    inLeft: left(into),
  };
}
