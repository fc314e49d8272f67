-- Whether the axes of one row rank above those of another (SPEC 3); an absent one ranks below every value. Like those below,
-- plain SQL, so that it is inlined into the statements that call it.
CREATE FUNCTION release.outranks(
  version_first boolean, updated_at timestamptz, version bigint, other_updated_at timestamptz, other_version bigint
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN version_first
  THEN (coalesce(version, -1), coalesce(updated_at, '-infinity')) >
       (coalesce(other_version, -1), coalesce(other_updated_at, '-infinity'))
  ELSE (coalesce(updated_at, '-infinity'), coalesce(version, -1)) >
       (coalesce(other_updated_at, '-infinity'), coalesce(other_version, -1))
END;

-- What a delivery is against the row that its key has (SPEC 3, 4). One letter everywhere; a capital is written to the table.
--
--   N  new: its key has no row yet                          outcome applied
--   A  outranks the row                                             applied
--   D  repeats the row's content at a later position                duplicate
--   C  conflicts with the row, and wins by its position             conflict
--   s  the row, or another delivery of the batch, outranks it       stale
--   d  repeats content at the same or an earlier position           duplicate
--   c  conflicts, and loses by its position                         conflict
--   x  is no row: a dead letter                                     dead_lettered
--   i  is no row: the profile says so                               ignored
CREATE FUNCTION release.verdict(
  version_first boolean,
  updated_at timestamptz, version bigint, enqueued_at timestamptz, partition integer, sequence bigint,
  held_updated_at timestamptz, held_version bigint, held_enqueued_at timestamptz, held_partition integer,
  held_sequence bigint,
  same_content boolean
) RETURNS "char" LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN updated_at IS NOT DISTINCT FROM held_updated_at AND version IS NOT DISTINCT FROM held_version THEN
    CASE WHEN (enqueued_at, partition, sequence) > (held_enqueued_at, held_partition, held_sequence) THEN
      CASE WHEN same_content THEN 'D' WHEN updated_at IS NULL AND version IS NULL THEN 'A' ELSE 'C' END
    ELSE
      CASE WHEN same_content THEN 'd' WHEN updated_at IS NULL AND version IS NULL THEN 's' ELSE 'c' END
    END
  WHEN release.outranks(version_first, updated_at, version, held_updated_at, held_version) THEN 'A'
  ELSE 's'
END::"char";

-- What the axes say about a delivery and the row of its key, as flags of a delivery (record_batch.sql): 16 where it lacks the
-- first axis of its profile and the row has it; 128 where it is behind the row in the row's own partition, and the row
-- outranks it by its axes.
CREATE FUNCTION release.axis_flags(
  version_first boolean,
  updated_at timestamptz, version bigint, enqueued_at timestamptz, partition integer, sequence bigint,
  held_updated_at timestamptz, held_version bigint, held_enqueued_at timestamptz, held_partition integer,
  held_sequence bigint
) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN CASE WHEN version_first
    THEN version IS NULL AND held_version IS NOT NULL
    ELSE updated_at IS NULL AND held_updated_at IS NOT NULL
    END THEN 16
  WHEN partition = held_partition AND (enqueued_at, sequence) > (held_enqueued_at, held_sequence)
    AND release.outranks(version_first, held_updated_at, held_version, updated_at, version) THEN 128
  ELSE 0
END;
