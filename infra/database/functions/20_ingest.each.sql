-- One batch of a topic, from its rows to its counters, in one call and one transaction:
--   1 merge the rows                        merge
--   2 refresh the pairs whose inputs changed  refresh_pairs
--   3 note whose settlement changed           note_changes
--   4 dead letters, sequence ledger, counters record_batch
-- The order of locks is the same for everyone: entries, orders or confirmations, then pairs, then the partition's row.
--
-- p_rows: one row a key (the batch is compacted), sorted by key. p_flags: of each row, NULL where all are 0. p_others: the
-- deliveries that are no row, in the order in which they were received. Returns the outcomes, which add up to the number of
-- deliveries.
--
-- The settings hold for all that is called from here. A look-up that is made into a join can become a scan of the whole
-- table: on an empty table's statistics, for ever, in a cached plan.
CREATE FUNCTION release.ingest_${name}(
  p_version_first boolean, p_batch release.batch, p_rows release.${name}_row[], p_flags smallint[],
  p_others release.delivery[], p_dead_letters release.dead_letter[],
  OUT applied integer, OUT stale integer, OUT duplicate integer, OUT conflict integer,
  OUT dead_lettered integer, OUT ignored integer, OUT redelivered integer, OUT reopened integer, OUT epoch_started integer
) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  verdicts "char"[];
  axis_flags integer[];
  changes release.pair_change[];
  settlement_changes release.settlement_change[];
  began_at timestamptz := clock_timestamp();
BEGIN
  SELECT m.* INTO verdicts, axis_flags, changes, settlement_changes
  FROM release.merge_${name}(p_version_first, p_rows, release.expects_new_keys(p_batch)) m;
  reopened := release.refresh_pairs_of(p_rows, verdicts, changes);
  PERFORM release.note_changes(p_rows, verdicts, settlement_changes, began_at);
  SELECT r.* INTO applied, stale, duplicate, conflict, dead_lettered, ignored, redelivered, epoch_started
  FROM release.record_batch(p_batch, p_rows, p_flags, p_others, p_dead_letters, verdicts, axis_flags, reopened) r;
END $$;
