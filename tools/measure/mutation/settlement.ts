import type { Mutation } from './mutations.ts';

const VIEW = 'infra/database/functions/80_settlements.sql';
const SWEEP = 'infra/database/functions/81_sweep_settlements.sql';
const NOTES = 'infra/database/functions/44_note_changes.sql';
const CASES = 'test/sql/settlement.test.ts';
const SWEEPS = 'test/sql/settlementSweep.test.ts';
const HISTORIES = 'test/convergence/settlement.test.ts';

/** Each rule of SPEC 16 broken, and what keeps violations and large settlements true. */
export const SETTLEMENT_MUTATIONS: readonly Mutation[] = [
  {
    name: 'settlement: a sign agrees where it should not',
    files: VIEW,
    find: 'sign(w.amount_signed) <> w.sign',
    replace: 'sign(w.amount_signed) = w.sign',
    tests: [CASES],
  },
  {
    name: 'settlement: the sign of what is only held is judged',
    files: VIEW,
    find: 'w.amount_signed <> 0 AND w.sign <> 0 AND',
    replace: 'w.amount_signed <> 0 AND',
    tests: [CASES],
  },
  {
    name: 'settlement: the larger side of a flow is its amount',
    files: VIEW,
    find: "sum(least(f.out_amount, f.in_amount)) FILTER (WHERE f.flow = 'charge')",
    replace: "sum(greatest(f.out_amount, f.in_amount)) FILTER (WHERE f.flow = 'charge')",
    tests: [CASES],
  },
  {
    name: 'settlement: any flow may have one entry a side only',
    files: VIEW,
    find: 'bool_or(f.one_to_one AND greatest(',
    replace: 'bool_or(greatest(',
    tests: [CASES],
  },
  {
    name: 'settlement: what is held has to be released',
    files: VIEW,
    find: "FILTER (WHERE f.flow <> 'hold')",
    replace: 'FILTER (WHERE f.flow IS NOT NULL)',
    tests: [CASES],
  },
  {
    name: 'settlement: a refund that has only left is done',
    files: VIEW,
    find: 'WHEN t.given_back_unbalanced THEN',
    replace: 'WHEN false THEN',
    tests: [CASES],
  },
  {
    name: 'settlement: a chargeback gives nothing back',
    files: VIEW,
    find: 'j.refunded + j.charged_back > j.paid',
    replace: 'j.refunded > j.paid',
    tests: [CASES],
  },
  {
    name: 'settlement: an order is cancelled whatever was given back',
    files: VIEW,
    find: ' AND NOT t.given_back_left',
    replace: '',
    tests: [HISTORIES],
  },
  {
    name: 'settlement: refunds may go to who was paid',
    files: VIEW,
    find: 'NOT w.is_out AND NOT coalesce(w.paid_from, false)',
    replace: 'NOT w.is_out AND NOT coalesce(w.paid_from OR w.paid_to, false)',
    tests: [CASES],
  },
  {
    name: 'settlement: a reversal stays in its own group as well',
    files: VIEW,
    find: 'AND NOT (t.reverses AND EXISTS',
    replace: 'AND NOT (false AND EXISTS',
    tests: [CASES],
  },
  {
    name: 'settlement: a reversal of a reversal takes something off',
    files: VIEW,
    find: 'CASE WHEN reverses THEN 0 ELSE coalesce(',
    replace: 'CASE WHEN false THEN 0 ELSE coalesce(',
    tests: [CASES],
  },
  {
    name: 'settlement: more than an entry can be taken off it',
    files: VIEW,
    find: 'greatest(m.amount - m.undone, 0)',
    replace: '(m.amount - m.undone)',
    tests: [HISTORIES],
  },
  {
    name: 'settlement: an entry of 0 is never left',
    files: VIEW,
    find: 'NOT m.is_undone OR m.undone < m.amount AS is_left',
    replace: 'm.undone < m.amount AS is_left',
    tests: [HISTORIES],
  },
  {
    name: 'settlement: entries of other domains belong to it',
    files: VIEW,
    find: "l.related_type = 'PAYMENT_ORDER')",
    replace: 'true)',
    tests: [CASES],
  },
  {
    name: 'settlement: a large one is kept though what a reversal undoes is of it',
    files: VIEW,
    find: 'SELECT u.related_id FROM undone u WHERE u.related_id IS NOT NULL',
    replace: 'SELECT u.related_id FROM undone u WHERE false',
    tests: [SWEEPS],
  },
  {
    name: 'settlement: a large one is kept though the entry has come that it waits for',
    files: VIEW,
    find: 'l.tx_id = ANY (k.awaited)',
    replace: 'false',
    tests: [SWEEPS],
  },
  {
    name: 'settlement: a large one is kept though its pair has changed',
    files: VIEW,
    find: ' OR p.updated_at BETWEEN c.began_at AND c.ended_at',
    replace: '',
    tests: [SWEEPS],
  },
  {
    name: 'settlement: the sweep forgets the groups of what was reversed',
    files: SWEEP,
    find: 'WHERE c.related_id IS NOT NULL GROUP BY c.related_id',
    replace: 'WHERE false GROUP BY c.related_id',
    tests: [SWEEPS],
  },
  {
    name: 'settlement: the sweep forgets where reversals waited',
    files: SWEEP,
    find: 'WHERE v.awaited IS NOT NULL AND EXISTS',
    replace: 'WHERE false AND EXISTS',
    tests: [SWEEPS],
  },
  {
    name: 'settlement: the sweep forgets the pairs of a batch',
    files: SWEEP,
    find: 'WHERE p.updated_at BETWEEN first_at AND last_at',
    replace: 'WHERE false',
    tests: [HISTORIES],
  },
  {
    name: 'settlement: the group that an entry leaves is not noted',
    files: NOTES,
    find: 'ARRAY[(old.related_id, old.reverses_tx_id, NULL)',
    replace: 'ARRAY[(NULL, NULL, NULL)',
    tests: [HISTORIES],
  },
  {
    name: 'settlement: a confirmation that writes a pair is not noted',
    files: NOTES,
    find: 'INSERT INTO sync.settlement_changes (began_at, ended_at) VALUES (p_began_at, clock_timestamp());',
    replace: 'NULL;',
    tests: [SWEEPS],
  },
  {
    name: 'settlement: a status that means nothing any more is not noted',
    files: NOTES,
    find: 'clock_timestamp(), array_agg(c.id)\n    FROM unnest(p_changes) c',
    replace: 'clock_timestamp(), NULL::text[]\n    FROM unnest(p_changes) c',
    tests: [SWEEPS],
  },
  {
    name: 'settlement: the sweep forgets the orders of a batch',
    files: SWEEP,
    find: 'WHERE o.ingested_at BETWEEN first_at AND last_at',
    replace: 'WHERE false',
    tests: [SWEEPS],
  },
  {
    name: 'settlement: what is kept of a large one is read though its order has changed',
    files: VIEW,
    find: 'OR o.ingested_at BETWEEN c.began_at AND c.ended_at',
    replace: '',
    tests: [SWEEPS],
  },
];
