/** A small breakage of the product, and the tests that have to notice it. */
export interface Mutation {
  readonly name: string;
  /** Every file of this pattern that holds the text is changed; at least one has to. */
  readonly files: string;
  readonly find: string;
  readonly replace: string;
  readonly tests: readonly string[];
}

const FUNCTIONS = 'infra/database/functions/*.sql';
const CONVERGENCE = 'test/convergence/convergence.test.ts';
const CONCURRENCY = 'test/sql/concurrency.test.ts';
const LARGE_GROUPS = 'test/sql/largeGroups.test.ts';
const PAIRING = 'test/sql/pairing.test.ts';
const REFUSED = 'test/sql/refusedBatches.test.ts';
const OUTCOMES = 'test/sql/outcomes.test.ts';
const LEDGER = 'test/sql/sequenceLedger.test.ts';
const HOSTILE = 'test/hostile/ingest.test.ts';

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'guilty rows are not tried again beside the others',
    files: 'shared/store/findRefused.ts',
    find: 'if (error === undefined) throw new RefusedNoMore();',
    replace: '',
    tests: [REFUSED],
  },
  {
    name: 'a delivery behind the one that outranks it is not counted',
    files: FUNCTIONS,
    find: 'AND (enqueued_at, sequence) > (held_enqueued_at, held_sequence)',
    replace: 'AND (enqueued_at, sequence) < (held_enqueued_at, held_sequence)',
    tests: [OUTCOMES],
  },
  {
    name: 'pairs that have to be recomputed are not locked first',
    files: FUNCTIONS,
    find: ') o ON d.additive OR p_orders\n    ORDER BY',
    replace: ') o ON d.additive OR p_orders\n    WHERE d.additive OR p_orders\n    ORDER BY',
    tests: [CONCURRENCY],
  },
  {
    name: 'dead letters are written in the order in which they came',
    files: FUNCTIONS,
    find: 'ORDER BY (p_others[d.delivery_number]).sequence_number, (p_others[d.delivery_number]).enqueued_at',
    replace: '',
    tests: [CONCURRENCY],
  },
  {
    name: 'the order of a new pair is not looked at again after the lock',
    files: FUNCTIONS,
    find: 'IF inserted IS NOT NULL THEN',
    replace: 'IF false THEN',
    tests: [CONCURRENCY],
  },
  {
    name: 'an update does not compare with the row that it finds locked',
    files: FUNCTIONS,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of the functions.
    find: "(${content(t)})) IN ('A', 'D', 'C')",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of the functions.
    replace: '(${content(t)})) IS NOT NULL',
    tests: [CONCURRENCY],
  },
  {
    name: 'a batch that was overtaken goes on',
    files: FUNCTIONS,
    find: 'IF updates <> outranking THEN',
    replace: 'IF false THEN',
    tests: [CONCURRENCY],
  },
  {
    name: 'the table compares version before updated_at, and the other way round',
    files: FUNCTIONS,
    find: 'WHEN CASE WHEN version_first\n',
    replace: 'WHEN CASE WHEN NOT version_first\n',
    tests: [CONVERGENCE],
  },
  {
    name: 'a batch compares version before updated_at, and the other way round',
    files: 'shared/precedence/precedence.ts',
    find: 'versionFirst ? byVersion || byTime : byTime || byVersion',
    replace: 'versionFirst ? byTime || byVersion : byVersion || byTime',
    tests: [CONVERGENCE],
  },
  {
    name: 'the table ignores the partition in the tie-break',
    files: FUNCTIONS,
    find: '(enqueued_at, partition, sequence) > (held_enqueued_at, held_partition, held_sequence)',
    replace: '(enqueued_at, sequence) > (held_enqueued_at, held_sequence)',
    tests: [CONVERGENCE],
  },
  {
    name: 'the table treats a conflict as a duplicate',
    files: FUNCTIONS,
    find: "WHEN updated_at IS NULL AND version IS NULL THEN 's' ELSE 'c' END",
    replace: "WHEN updated_at IS NULL AND version IS NULL THEN 's' ELSE 'd' END",
    tests: [OUTCOMES],
  },
  {
    name: 'a batch treats a conflict as a duplicate',
    files: 'shared/precedence/precedence.ts',
    find: "version === null ? 'stale' : 'conflict'",
    replace: "version === null ? 'stale' : 'duplicate'",
    tests: [OUTCOMES],
  },
  {
    name: 'a duplicate at a later position leaves the row at the earlier one',
    files: FUNCTIONS,
    find: "CASE WHEN same_content THEN 'D'",
    replace: "CASE WHEN same_content THEN 'd'",
    tests: [CONVERGENCE],
  },
  {
    name: 'the group that an entry leaves is forgotten',
    files: FUNCTIONS,
    find: '(release.pair_group(old.entry_type, old.related_type, old.related_id), old.entry_type',
    replace: '(NULL, old.entry_type',
    tests: [CONVERGENCE],
  },
  {
    name: 'a confirmation is held against the payment alone',
    files: FUNCTIONS,
    find: ' AND coalesce(e.receive_agrees, true)',
    replace: '',
    tests: [CONVERGENCE],
  },
  {
    name: 'an order whose amount changes its scale alone does not refresh its pair',
    files: FUNCTIONS,
    find: '(old.amount, scale(old.amount), old.status) IS DISTINCT FROM (new.amount, scale(new.amount), new.status)',
    replace: '(old.amount, old.status) IS DISTINCT FROM (new.amount, new.status)',
    tests: ['test/convergence/amounts.test.ts'],
  },
  {
    name: 'what is new in a large group is not listed',
    files: FUNCTIONS,
    find: "WHERE coalesce(s.verdict, 'N') = 'N'\n      AND release.pair_group",
    replace: "WHERE s.verdict = 'N'\n      AND release.pair_group",
    tests: [LARGE_GROUPS],
  },
  {
    name: 'what leaves a large group stays in its list',
    files: FUNCTIONS,
    find: 'CONTINUE WHEN change.is_added;',
    replace: 'CONTINUE;',
    tests: [CONVERGENCE],
  },
  {
    name: 'what leaves a large group is counted on',
    files: FUNCTIONS,
    find: 'sum(CASE WHEN c.is_added THEN 1 ELSE -1 END) FILTER (WHERE c.is_payment)',
    replace: 'sum(CASE WHEN c.is_added THEN 1 ELSE 0 END) FILTER (WHERE c.is_payment)',
    tests: [LARGE_GROUPS],
  },
  {
    name: 'the slot of a large group goes to its latest entry',
    files: FUNCTIONS,
    find: 'e.is_payment = p_is_payment ORDER BY e.event_time, e.tx_id LIMIT 1',
    replace: 'e.is_payment = p_is_payment ORDER BY e.event_time DESC, e.tx_id DESC LIMIT 1',
    tests: [LARGE_GROUPS],
  },
  {
    name: 'the time of a large group is that of its payments alone',
    files: FUNCTIONS,
    find: 'event_time := greatest(event_time, last_receive);',
    replace: '',
    tests: [LARGE_GROUPS],
  },
  {
    name: 'a confirmation of a large group agrees with an entry of another wallet',
    files: FUNCTIONS,
    find: ' AND l.wallet_id = p_payee_wallet_id',
    replace: '',
    tests: [LARGE_GROUPS],
  },
  {
    name: 'a group that is small again keeps its list',
    files: FUNCTIONS,
    find: 'DELETE FROM sync.crowded_entries e WHERE e.related_id = ANY (p_shrinking);',
    replace: '',
    tests: [LARGE_GROUPS],
  },
  {
    name: 'a group that grows is listed without the entries that it had',
    files: FUNCTIONS,
    find: 'SELECT x.* FROM bo.ledger_entries x\n',
    replace: 'SELECT x.* FROM bo.ledger_entries x JOIN sync.crowded_entries USING (tx_id)\n',
    tests: [CONVERGENCE],
  },
  {
    name: 'the pair of an order without entries stays',
    files: FUNCTIONS,
    find: 'DELETE FROM bo.payment_ledger_pairs p WHERE p.payment_order_id = ANY (placeholders);',
    replace: 'NULL;',
    tests: [CONVERGENCE],
  },
  {
    name: 'the amount of an order does not reach the pair that is there',
    files: FUNCTIONS,
    find: 'amount = CASE WHEN p_orders THEN excluded.amount',
    replace: 'amount = CASE WHEN p_orders THEN p.amount',
    tests: [CONVERGENCE],
  },
  {
    name: 'an order that comes after its entries makes them a pair of two',
    files: FUNCTIONS,
    find: 'CASE WHEN p_orders THEN p.pairing_status\n',
    replace: 'CASE\n',
    tests: [PAIRING],
  },
  {
    name: 'an order changes a pair that is confirmed',
    files: FUNCTIONS,
    find: 'WHERE NOT p.confirmed AND (p_orders',
    replace: 'WHERE (NOT p.confirmed OR p_orders) AND (p_orders',
    tests: [CONVERGENCE],
  },
  {
    name: 'an order that was not there is still thought to be missing',
    files: FUNCTIONS,
    find: 'ordered = p.ordered OR p_orders,',
    replace: 'ordered = p.ordered,',
    tests: [PAIRING],
  },
  {
    name: 'a confirmation without entries is taken for an order without entries',
    files: FUNCTIONS,
    find: 'RETURN release.refresh_pairs(NULL, NULL, changes, false);',
    replace: 'RETURN release.refresh_pairs(NULL, NULL, changes, true);',
    tests: [CONVERGENCE],
  },
  {
    name: 'new rows of a batch with known ones refresh no pair',
    files: FUNCTIONS,
    find: "coalesce('N' = ANY (p_verdicts), true)",
    replace: 'coalesce(false, p_verdicts IS NULL)',
    tests: [CONVERGENCE],
  },
  {
    name: 'a column is left out of the content that is compared',
    files: 'infra/database/functionSources.ts',
    find: "filter(({ role }) => role === 'content')",
    replace: "filter(({ role, column }) => role === 'content' && column !== 'related_id')",
    tests: [OUTCOMES],
  },
  {
    name: 'an optional column is not written by updates',
    files: 'infra/database/functionSources.ts',
    find: '.filter((column) => column !== keyOf(topic))',
    replace: ".filter((column) => column !== keyOf(topic) && column !== 'currency')",
    tests: [CONVERGENCE],
  },
  {
    name: 'most of a batch may be refused for one reason',
    files: 'shared/ingest/refusals.ts',
    find: 'count * 2 > rows',
    replace: 'count > rows',
    tests: [REFUSED],
  },
  {
    name: 'rows that are refused only together are tried for ever',
    files: 'shared/ingest/ingest.ts',
    find: 'if (events.length === 1) throw error;',
    replace: 'throw error;',
    tests: [REFUSED],
  },
  {
    name: "a unique index of somebody's own is taken for a race",
    files: FUNCTIONS,
    find: "IF violated <> '' AND violated !~ '_pkey$' THEN",
    replace: 'IF false THEN',
    tests: [REFUSED],
  },
  {
    name: 'repeats are counted as first deliveries',
    files: FUNCTIONS,
    find: 'NOT before @> e.number AND e.nth = 1 ORDER BY',
    replace: 'true ORDER BY',
    tests: [CONVERGENCE],
  },
  {
    name: 'a batch that was seen in part is taken for seen as a whole',
    files: FUNCTIONS,
    find: 'IF p_batch.contiguous AND before @> numbers THEN',
    replace: 'IF p_batch.contiguous AND before && numbers THEN',
    tests: [CONVERGENCE],
  },
  {
    name: 'a number that one batch holds twice counts twice',
    files: FUNCTIONS,
    find: 'NOT before @> e.number AND e.nth = 1 ORDER BY',
    replace: 'NOT before @> e.number ORDER BY',
    tests: [LEDGER],
  },
  {
    name: 'no epoch begins when numbers start again',
    files: FUNCTIONS,
    find: 'IF NOT isempty(ledger.seen) AND',
    replace: 'IF false AND',
    tests: [LEDGER],
  },
  {
    name: 'dead letters of a recreated hub are taken for repeats',
    files: 'infra/database/migrations/*.sql',
    find: 'UNIQUE (topic, partition, sequence_number, enqueued_at)',
    replace: 'UNIQUE (topic, partition, sequence_number)',
    tests: [LEDGER],
  },
  {
    name: 'numbers are marked in a transaction before that of the data',
    files: 'shared/ingest/ingest.ts',
    find: 'return ingestBatch(target, assembleBatch({ contract, privacy }, events, compaction));',
    replace:
      'const batch = assembleBatch({ contract, privacy }, events, compaction);\n  const rows: never[] = [];\n  await ingestBatch(target, { ...batch, rows, deadLetters: [] });\n  return ingestBatch(target, batch);',
    tests: [CONVERGENCE],
  },
  {
    name: 'rows are written, and so locked, in the order of arrival',
    files: 'shared/precedence/compact.ts',
    find: '[...highest].sort(byKey)',
    replace: '[...highest]',
    tests: [CONCURRENCY],
  },
  {
    name: 'pairs are locked in the order of their entries',
    files: FUNCTIONS,
    find: ') o ON d.additive OR p_orders\n    ORDER BY d.id\n',
    replace: ') o ON d.additive OR p_orders\n    ORDER BY d.payment_tx_id, d.receive_tx_id\n',
    tests: [CONCURRENCY],
  },
  {
    name: 'keys that were expected to be new are not looked for when one is known',
    files: FUNCTIONS,
    find: 'IF attempt > 1 OR NOT p_expect_new THEN',
    replace: 'IF NOT p_expect_new THEN',
    tests: [CONVERGENCE],
  },
  {
    name: 'a deadlock is not tried again',
    files: 'shared/store/sqlstates.ts',
    find: "'40001', '40P01',",
    replace: "'40001',",
    tests: [CONCURRENCY],
  },
  {
    name: 'an unknown failure of the database is blamed on the event',
    files: 'shared/store/sqlstates.ts',
    find: "return 'data';\n  return 'infrastructure';",
    replace: "return 'data';\n  return 'data';",
    tests: [OUTCOMES],
  },
  {
    name: 'numbers lose their scale and their digits beyond 2^53',
    files: 'shared/contracts/decode.ts',
    find: 'NUMBER_NEEDS_ITS_TEXT.test(text) ?',
    replace: 'false ?',
    tests: [HOSTILE],
  },
  {
    name: 'a record that is marked as deleted is a living state',
    files: 'shared/contracts/openMessage.ts',
    find: "if (isMarkedDeleted(payload)) return noRecord(rules, 'deletes', deleted());",
    replace: '',
    tests: [OUTCOMES],
  },
  {
    name: 'ignored events are counted each time',
    files: FUNCTIONS,
    find: "count(*) FILTER (WHERE is_first AND verdict = 'i')",
    replace: "count(*) FILTER (WHERE verdict = 'i')",
    tests: [OUTCOMES],
  },
  {
    name: 'updated_at may lie in the future',
    files: 'shared/contracts/normalise.ts',
    find: 'updatedAt > clock.enqueuedAt + clock.maxClockSkew',
    replace: 'updatedAt > Number.MAX_SAFE_INTEGER',
    tests: [HOSTILE],
  },
  {
    name: 'metadata that is shorter than the bodies is accepted',
    files: 'shared/ingest/brokerEvent.ts',
    find: 'Array.isArray(array) && array.length === length',
    replace: 'Array.isArray(array)',
    tests: ['test/hostile/metadata.test.ts'],
  },
];
