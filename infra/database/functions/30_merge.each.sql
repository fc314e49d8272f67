-- Inserts the new keys of a batch and updates the rows that it outranks; a row that loses locks and writes nothing.
--
-- p_rows: one a key, sorted by key. p_expect_new: the first attempt does not look whether a key is known. verdicts: of each
-- row, axis_flags what its axes say (both verdict.sql); NULL where all of them are new. changes: what the updates changed about
-- pairs; what the new rows change is for refresh_pairs to see. settlement_changes: likewise.
--
-- A plain INSERT of absent keys costs 15 % less than ON CONFLICT (no speculative insertion). Its price is a race: where
-- another transaction brings the same key first, or a newer row overtakes the update, all is undone (the block is a
-- savepoint) and begins anew.
CREATE FUNCTION release.merge_${name}(
  p_version_first boolean, p_rows release.${name}_row[], p_expect_new boolean,
  OUT verdicts "char"[], OUT axis_flags integer[], OUT changes release.pair_change[],
  OUT settlement_changes release.settlement_change[]
) LANGUAGE plpgsql
AS $$
DECLARE
  violated text;
  known text[];
  all_known boolean;
  outranking integer;
  updates integer;
BEGIN
  FOR attempt IN 1 .. 8 LOOP
    verdicts := NULL;
    axis_flags := NULL;
    changes := NULL;
    settlement_changes := NULL;
    known := NULL;
    BEGIN
      -- 1 new keys
      IF attempt > 1 OR NOT p_expect_new THEN
        -- The filter keeps all: with a column outside of every index, none can be read whole in place of the table.
        SELECT array_agg(t.${key}) FILTER (WHERE t.source_sequence IS NOT NULL) INTO known FROM ${table} t
        WHERE t.${key} = ANY (ARRAY(SELECT s.${key} FROM unnest(p_rows) s));
      END IF;
      all_known := coalesce(cardinality(known), 0) = cardinality(p_rows);
      IF NOT all_known THEN
        INSERT INTO ${table} (${columns}, ingested_at)
        SELECT ${columns(s)}, clock_timestamp()
        FROM unnest(p_rows) s
        WHERE known IS NULL OR s.${key} NOT IN (SELECT k FROM unnest(known) k);
      END IF;
      EXIT WHEN known IS NULL;

      -- 2 known keys: compare
      SELECT array_agg(c.verdict ORDER BY c.place), array_agg(c.axis_flags ORDER BY c.place),
        count(*) FILTER (WHERE c.verdict IN ('A', 'D', 'C'))
      INTO verdicts, axis_flags, outranking
      FROM (
        SELECT s.place,
          CASE WHEN NOT all_known AND s.${key} NOT IN (SELECT k FROM unnest(known) k) THEN 'N'::"char"
            ELSE release.verdict(p_version_first,
              s.updated_at, s.source_version, s.source_enqueued_at, s.source_partition, s.source_sequence,
              x.updated_at, x.source_version, x.source_enqueued_at, x.source_partition, x.source_sequence,
              (${content(s)}) IS NOT DISTINCT FROM (${content(x)})) END AS verdict,
          release.axis_flags(p_version_first,
            s.updated_at, s.source_version, s.source_enqueued_at, s.source_partition, s.source_sequence,
            x.updated_at, x.source_version, x.source_enqueued_at, x.source_partition, x.source_sequence) AS axis_flags
        FROM unnest(p_rows) WITH ORDINALITY AS s(${columns}, place)
        CROSS JOIN LATERAL (SELECT * FROM ${table} t WHERE t.${key} = s.${key} OFFSET 0) x
      ) c;
      EXIT WHEN outranking = 0;

      -- 3 update the outranked ones. An INSERT ... ON CONFLICT: the comparison is made again, under the row's lock.
      WITH updated AS (
        INSERT INTO ${table} AS t (${columns}, ingested_at)
        SELECT ${columns(s)}, clock_timestamp()
        FROM ROWS FROM (unnest(p_rows), unnest(verdicts)) AS s(${columns}, verdict)
        WHERE s.verdict IN ('A', 'D', 'C')
        ON CONFLICT (${key}) DO UPDATE SET ${assignments}, ingested_at = clock_timestamp()
        WHERE release.verdict(p_version_first, excluded.updated_at, excluded.source_version,
          excluded.source_enqueued_at, excluded.source_partition, excluded.source_sequence,
          t.updated_at, t.source_version, t.source_enqueued_at, t.source_partition, t.source_sequence,
          (${content(excluded)}) IS NOT DISTINCT FROM (${content(t)})) IN ('A', 'D', 'C')
        RETURNING release.changes_of_pairs(old, new) AS changes, release.changes_of_settlements(old, new) AS settlements
      )
      SELECT count(*), (SELECT array_agg(c) FROM updated v, unnest(v.changes) c WHERE c.id IS NOT NULL),
        (SELECT array_agg(c) FROM updated v, unnest(v.settlements) c)
      INTO updates, changes, settlement_changes
      FROM updated;
      IF updates <> outranking THEN
        RAISE EXCEPTION 'a newer row overtook the update' USING ERRCODE = 'serialization_failure';
      END IF;
      EXIT;
    EXCEPTION WHEN unique_violation OR serialization_failure THEN
      GET STACKED DIAGNOSTICS violated = CONSTRAINT_NAME;
      IF violated <> '' AND violated !~ '_pkey$' THEN
        -- Somebody's own unique index: not a race, and no attempt ends it.
        RAISE;
      END IF;
      -- The client starts the batch again: it sees SQLSTATE 40001 as it would see a deadlock.
      IF attempt = 8 THEN
        RAISE EXCEPTION 'the keys of this batch are contended' USING ERRCODE = 'serialization_failure';
      END IF;
    END;
  END LOOP;
END $$;
