import * as z from 'zod';

/** The flows that a settlement has columns for (SPEC 16). */
export const FLOWS = ['charge', 'refund', 'chargeback', 'fee', 'hold'] as const;
export type Flow = (typeof FLOWS)[number];

/** The states of a settlement, in the order in which they are tried. */
export const SETTLEMENT_STATES = [
  'CANCELLED',
  'REVERSED',
  'HELD',
  'REFUND_ONLY',
  'PENDING',
  'REFUND_PENDING',
  'REFUNDED',
  'PARTIALLY_REFUNDED',
  'PAID',
] as const;
export type SettlementState = (typeof SETTLEMENT_STATES)[number];

/** What may not add up, in alphabetical order. */
export const VIOLATIONS = [
  'currency_mixed',
  'flow_ambiguous',
  'flow_unbalanced',
  'refund_exceeds_payment',
  'refund_to_other_wallet',
  'refund_without_payment',
  'reversal_of_reversal',
  'reversal_of_unknown',
  'reversed_more_than_entry',
  'sign_disagrees',
  'status_disagrees',
] as const;
export type Violation = (typeof VIOLATIONS)[number];

const entryType = z
  .string()
  .regex(/^[A-Z0-9_.-]{1,256}$/, 'must be an entry type: upper case, digits, underscore, dot, dash');
const entryTypes = z.array(entryType).min(1);
const status = z.string().trim().min(1).max(1024);

const flow = z.strictObject({
  out: entryTypes.describe('Entry types of the side that the money leaves.'),
  in: entryTypes.describe('Entry types of the side where it arrives.'),
  matching: z
    .enum(['one_to_one', 'many'])
    .describe('one_to_one: more than one entry left on a side is a violation, flow_ambiguous.'),
  gives_back: z
    .literal('charge')
    .optional()
    .describe('The flow whose money it gives back: refund and chargeback do.'),
});

/**
 * How entries of a payment add up (SPEC 16): data of a profile, validated. Entry types and statuses are compared as they are
 * stored.
 */
export const settlementRulesSchema = z
  .strictObject({
    signs: z
      .record(entryType, z.union([z.literal(-1), z.literal(0), z.literal(1)]))
      .describe('The sign of each entry type: -1 takes from its wallet, 1 adds to it, 0 only holds.'),
    flows: z
      .strictObject(Object.fromEntries(FLOWS.map((name) => [name, flow])) as Record<Flow, typeof flow>)
      .describe('What moves between two sides.'),
    reverses: entryTypes.describe('Entry types that undo the entry that they name in reverses_tx_id.'),
    cancelled: z.array(status).describe('Statuses of an order that mean that it was cancelled.'),
    allowed: z
      .record(status, z.array(z.enum(SETTLEMENT_STATES)).min(1))
      .describe('The states of the settlement that a status of the order allows; any for the others.'),
  })
  .superRefine(({ signs, flows, reverses }, context) => {
    const problem = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    const sideOf = new Map<string, string>();
    for (const name of FLOWS) {
      if (name === 'charge' && flows.charge.gives_back !== undefined) {
        problem(['flows', 'charge', 'gives_back'], 'charge can not give itself back');
      }
      for (const side of ['out', 'in'] as const) {
        for (const type of flows[name][side]) {
          const other = sideOf.get(type);
          if (other !== undefined) problem(['flows', name, side], `${type} is already in ${other}`);
          if (!Object.hasOwn(signs, type)) problem(['flows', name, side], `${type} has no sign`);
          sideOf.set(type, `${name}.${side}`);
        }
      }
    }
    reverses.forEach((type, index) => {
      if (Object.hasOwn(signs, type)) {
        problem(['reverses', index], `${type} has a sign: it is what it reverses that has one`);
      }
    });
  });
export type SettlementRules = z.infer<typeof settlementRulesSchema>;

/** The sign table and flows of the organisation's own ledger: what a profile has that says nothing. */
export const DEFAULT_SETTLEMENT_RULES: SettlementRules = {
  signs: {
    PAYMENT: -1,
    WITHDRAW: -1,
    REFUND_OUT: -1,
    BURN: -1,
    FEE_OUT: -1,
    CHARGEBACK_OUT: -1,
    RECEIVE: 1,
    CHARGE: 1,
    REFUND_IN: 1,
    MINT: 1,
    FEE_IN: 1,
    CHARGEBACK_IN: 1,
    HOLD: 0,
    RELEASE: 0,
  },
  flows: {
    charge: { out: ['PAYMENT'], in: ['RECEIVE'], matching: 'one_to_one' },
    refund: { out: ['REFUND_OUT'], in: ['REFUND_IN'], matching: 'many', gives_back: 'charge' },
    chargeback: { out: ['CHARGEBACK_OUT'], in: ['CHARGEBACK_IN'], matching: 'many', gives_back: 'charge' },
    fee: { out: ['FEE_OUT'], in: ['FEE_IN'], matching: 'many' },
    hold: { out: ['HOLD'], in: ['RELEASE'], matching: 'many' },
  },
  reverses: ['REVERSAL', 'CORRECTION'],
  cancelled: ['CANCELLED', 'CANCELED'],
  allowed: {
    SETTLED: ['PAID', 'PARTIALLY_REFUNDED', 'REFUND_PENDING', 'REFUNDED'],
    PAID: ['PAID', 'PARTIALLY_REFUNDED', 'REFUND_PENDING', 'REFUNDED'],
    COMPLETED: ['PAID', 'PARTIALLY_REFUNDED', 'REFUND_PENDING', 'REFUNDED'],
    REFUNDED: ['REFUNDED', 'REFUND_PENDING'],
    CANCELLED: ['CANCELLED', 'REVERSED', 'REFUNDED'],
    CANCELED: ['CANCELLED', 'REVERSED', 'REFUNDED'],
  },
};

/** The rules as rows: what the database computes with. */
export interface CompiledRules {
  readonly types: readonly {
    readonly entry_type: string;
    readonly sign: number | null;
    readonly flow: Flow | null;
    readonly is_out: boolean | null;
    readonly one_to_one: boolean | null;
    readonly gives_back: boolean | null;
    readonly reverses: boolean;
  }[];
  readonly statuses: readonly {
    readonly status: string;
    readonly cancelled: boolean;
    readonly states: readonly SettlementState[] | null;
  }[];
}

/** Rows in one order, whatever the order in the profile: the same rules have the same text. */
export function compileRules({ signs, flows, reverses, cancelled, allowed }: SettlementRules): CompiledRules {
  const places = new Map(
    FLOWS.flatMap((flow) =>
      (['out', 'in'] as const).flatMap((side) =>
        flows[flow][side].map(
          (type) =>
            [
              type,
              {
                flow,
                is_out: side === 'out',
                one_to_one: flows[flow].matching === 'one_to_one',
                gives_back: flows[flow].gives_back !== undefined,
              },
            ] as const,
        ),
      ),
    ),
  );
  const nowhere = { flow: null, is_out: null, one_to_one: null, gives_back: null };
  const types = [
    ...Object.entries(signs).map(([entry_type, sign]) => ({
      entry_type,
      sign,
      ...(places.get(entry_type) ?? nowhere),
      reverses: false,
    })),
    ...[...new Set(reverses)].map((entry_type) => ({ entry_type, sign: null, ...nowhere, reverses: true })),
  ];
  const statuses = [...new Set([...cancelled, ...Object.keys(allowed)])].map((name) => ({
    status: name,
    cancelled: cancelled.includes(name),
    states: Object.hasOwn(allowed, name) ? [...allowed[name]!].sort() : null,
  }));
  return {
    types: types.sort((a, b) => (a.entry_type < b.entry_type ? -1 : 1)),
    statuses: statuses.sort((a, b) => (a.status < b.status ? -1 : 1)),
  };
}
