-- Rows of a dump: merged as those of the stream are, by the same text. Returns whether all of them were new: then the next ones
-- of the dump most likely are (p_expect_new).
CREATE FUNCTION release.backfill_${name}(
  p_version_first boolean, p_rows release.${name}_row[], p_expect_new boolean, p_backfill text, p_lines int8range,
  p_counts jsonb, p_refused jsonb
) RETURNS boolean LANGUAGE plpgsql
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
  FROM release.merge_${name}(p_version_first, p_rows, p_expect_new) m;
  PERFORM release.refresh_pairs_of(p_rows, verdicts, changes);
  PERFORM release.note_changes(p_rows, verdicts, settlement_changes, began_at);
  PERFORM release.record_backfill(cardinality(p_rows), verdicts, p_backfill, p_lines, p_counts, p_refused);
  RETURN verdicts IS NULL;
END $$;
