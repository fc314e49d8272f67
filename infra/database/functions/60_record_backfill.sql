-- Moves a backfill on by a range of lines. p_verdicts as of merge; p_counts: what became of the other lines, counted by the
-- client.
CREATE FUNCTION release.record_backfill(
  p_rows integer, p_verdicts "char"[], p_backfill text, p_lines int8range, p_counts jsonb, p_refused jsonb
) RETURNS void LANGUAGE sql
BEGIN ATOMIC
  UPDATE sync.backfills b SET
    done = b.done + int8multirange(p_lines),
    lines = b.lines + (p_counts ->> 'read')::integer,
    outside = b.outside + (p_counts ->> 'outside')::integer,
    rejected = b.rejected + (p_counts ->> 'rejected')::integer,
    applied = b.applied + CASE WHEN p_verdicts IS NULL THEN p_rows ELSE v.applied END,
    stale = b.stale + v.stale + (p_counts ->> 'stale')::integer,
    duplicate = b.duplicate + v.duplicate + (p_counts ->> 'duplicate')::integer,
    conflict = b.conflict + v.conflict + (p_counts ->> 'conflict')::integer,
    refused = b.refused || p_refused,
    updated_at = now()
  FROM (
    SELECT count(*) FILTER (WHERE verdict IN ('N', 'A')) AS applied, count(*) FILTER (WHERE verdict = 's') AS stale,
      count(*) FILTER (WHERE verdict IN ('d', 'D')) AS duplicate,
      count(*) FILTER (WHERE verdict IN ('c', 'C')) AS conflict
    FROM unnest(p_verdicts) verdict
  ) v
  WHERE b.backfill_id = p_backfill;
END;
