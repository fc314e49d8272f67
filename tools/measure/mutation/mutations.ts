/** A small breakage of the product, and the tests that have to notice it. */
export interface Mutation {
  readonly name: string;
  /** Every file of this pattern that holds the text is changed; at least one has to. */
  readonly files: string;
  readonly find: string;
  readonly replace: string;
  readonly tests: readonly string[];
}

const MIGRATIONS = 'infra/database/migrations/*.sql';
const CONVERGENCE = 'test/convergence/convergence.test.ts';
const CONCURRENCY = 'test/sql/concurrency.test.ts';
const OUTCOMES = 'test/sql/outcomes.test.ts';
const LEDGER = 'test/sql/sequenceLedger.test.ts';
const HOSTILE = 'test/hostile/ingest.test.ts';

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'pairs that have to be recomputed are not locked first',
    files: MIGRATIONS,
    find: ') o ON d.additive\n    ORDER BY',
    replace: ') o ON d.additive\n    WHERE d.additive\n    ORDER BY',
    tests: [CONCURRENCY],
  },
  {
    name: 'the order of a new pair is not looked at again after the lock',
    files: MIGRATIONS,
    find: 'IF inserted IS NOT NULL THEN',
    replace: 'IF false THEN',
    tests: [CONCURRENCY],
  },
  {
    name: 'an update does not compare with the row that it finds locked',
    files: MIGRATIONS,
    find: "t.created_at)) IN ('a', 'D', 'c')",
    replace: 't.created_at)) IS NOT NULL',
    tests: [CONCURRENCY],
  },
  {
    name: 'a batch that was overtaken goes on',
    files: MIGRATIONS,
    find: 'IF updates <> outranking THEN',
    replace: 'IF false THEN',
    tests: [CONCURRENCY],
  },
  {
    name: 'the table compares version before updated_at, and the other way round',
    files: MIGRATIONS,
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
    files: MIGRATIONS,
    find: '(enqueued_at, partition, sequence) > (held_enqueued_at, held_partition, held_sequence)',
    replace: '(enqueued_at, sequence) > (held_enqueued_at, held_sequence)',
    tests: [CONVERGENCE],
  },
  {
    name: 'the table treats a conflict as a duplicate',
    files: MIGRATIONS,
    find: "WHEN updated_at IS NULL AND version IS NULL THEN 's' ELSE 'C' END",
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
    files: MIGRATIONS,
    find: "CASE WHEN same_content THEN 'D'",
    replace: "CASE WHEN same_content THEN 'd'",
    tests: [CONVERGENCE],
  },
  {
    name: 'the group that an entry leaves is forgotten',
    files: MIGRATIONS,
    find: 'ARRAY[sync.pair_group_v1(p_batch, old.entry_type, old.related_type, old.related_id),',
    replace: 'ARRAY[NULL,',
    tests: [CONVERGENCE],
  },
  {
    name: 'a confirmation is held against the payment alone',
    files: MIGRATIONS,
    find: ' AND coalesce(e.receive_agrees, true)',
    replace: '',
    tests: [CONVERGENCE],
  },
  {
    name: 'an order whose amount changes its scale alone does not refresh its pair',
    files: MIGRATIONS,
    find: '(old.amount, scale(old.amount), old.status)\n            IS DISTINCT FROM (new.amount, scale(new.amount), new.status)',
    replace: '(old.amount, old.status)\n            IS DISTINCT FROM (new.amount, new.status)',
    tests: ['test/convergence/amounts.test.ts'],
  },
  {
    name: 'repeats are counted as first deliveries',
    files: MIGRATIONS,
    find: 'NOT before @> e.number AND e.nth = 1 ORDER BY',
    replace: 'true ORDER BY',
    tests: [CONVERGENCE],
  },
  {
    name: 'a batch that was seen in part is taken for seen as a whole',
    files: MIGRATIONS,
    find: 'IF p_batch.contiguous AND before @> numbers THEN',
    replace: 'IF p_batch.contiguous AND before && numbers THEN',
    tests: [CONVERGENCE],
  },
  {
    name: 'a number that one batch holds twice counts twice',
    files: MIGRATIONS,
    find: 'NOT before @> e.number AND e.nth = 1 ORDER BY',
    replace: 'NOT before @> e.number ORDER BY',
    tests: [LEDGER],
  },
  {
    name: 'no epoch begins when numbers start again',
    files: MIGRATIONS,
    find: 'IF NOT isempty(ledger.seen) AND',
    replace: 'IF false AND',
    tests: [LEDGER],
  },
  {
    name: 'dead letters of a recreated hub are taken for repeats',
    files: MIGRATIONS,
    find: 'UNIQUE (topic, partition, sequence_number, enqueued_at)',
    replace: 'UNIQUE (topic, partition, sequence_number)',
    tests: [LEDGER],
  },
  {
    name: 'numbers are marked in a transaction before that of the data',
    files: 'shared/ingest/ingest.ts',
    find: 'return ingestBatch(target, assembleBatch({ contract, pairing, privacy }, events, compaction));',
    replace:
      'const batch = assembleBatch({ contract, pairing, privacy }, events, compaction);\n  const rows: never[] = [];\n  await ingestBatch(target, { ...batch, rows, deadLetters: [] });\n  return ingestBatch(target, batch);',
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
    files: MIGRATIONS,
    find: ') o ON d.additive\n    ORDER BY d.id\n',
    replace: ') o ON d.additive\n    ORDER BY d.payment_tx_id, d.receive_tx_id\n',
    tests: [CONCURRENCY],
  },
  {
    name: 'keys that were expected to be new are not looked for when one is known',
    files: MIGRATIONS,
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
