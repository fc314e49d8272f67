-- Writes what a batch leaves besides its rows: dead letters, the sequence ledger, watermarks, counters. Runs last in the
-- transaction: the partition's row is the last lock that is taken.
--
-- p_verdicts, p_axis_flags: of each row, NULL where all of them are new. A delivery that lost inside the batch keeps its own
-- verdict, unless the row that it lost against lost against the table. Flags of a delivery (shared/contracts/deliveryFlags.ts):
-- 1 version missing, 2 alias hit, 4 core violation, 8 key mismatch, 16 mixed axes within the batch, 32 pairing skipped,
-- 64 related_id missing, 128 axis inversion within the batch.
CREATE FUNCTION release.record_batch(
  p_batch release.batch, p_rows anyarray, p_flags smallint[], p_others release.delivery[],
  p_dead_letters release.dead_letter[], p_verdicts "char"[], p_axis_flags integer[], p_reopened integer,
  OUT applied integer, OUT stale integer, OUT duplicate integer, OUT conflict integer,
  OUT dead_lettered integer, OUT ignored integer, OUT redelivered integer, OUT epoch_started integer
) LANGUAGE plpgsql
AS $$
DECLARE
  continues boolean;
  batch_epoch record;
  -- All of them, where somebody has to look at each.
  deliveries release.delivery[];
  first_deliveries boolean[];
  -- Of first deliveries only: what is added to the counters.
  once sync.hourly_counters;
BEGIN
  IF cardinality(p_dead_letters) > 0 THEN
    INSERT INTO bo.consumer_dlq_events (topic, partition, "offset", sequence_number, enqueued_at, key, payload,
      error, error_detail, profile_id, correlation_id, schema_id)
    SELECT p_batch.topic, p_batch.partition, d."offset", (p_others[d.delivery_number]).sequence_number,
      (p_others[d.delivery_number]).enqueued_at, d.key, d.payload, d.error, d.error_detail, p_batch.profile_id,
      d.correlation_id, d.schema_id
    FROM unnest(p_dead_letters) d
    -- One order for everyone: two deliveries of the same letters wait for each other's.
    ORDER BY (p_others[d.delivery_number]).sequence_number, (p_others[d.delivery_number]).enqueued_at
    ON CONFLICT ON CONSTRAINT consumer_dlq_events_position DO NOTHING;
  END IF;

  -- Nearly always the batch continues its partition.
  UPDATE sync.partitions t SET
    seen = t.seen + int8multirange(int8range(p_batch.first_number, p_batch.last_number, '[]')),
    last_enqueued_at = p_batch.latest_enqueued_at,
    event_watermark = greatest(t.event_watermark, p_batch.event_watermark),
    publish_watermark = greatest(t.publish_watermark, p_batch.publish_watermark),
    new_batches = CASE WHEN p_verdicts IS NULL THEN least(t.new_batches + 1, 10) ELSE 0 END,
    updated_at = now()
  WHERE t.topic = p_batch.topic AND t.partition = p_batch.partition
    AND release.continues(p_batch, t.seen, t.last_enqueued_at);
  continues := FOUND;
  IF NOT continues OR p_verdicts IS NOT NULL THEN
    deliveries := ARRAY(
      SELECT (s.source_sequence, s.source_enqueued_at, s.ordinality, coalesce(p_verdicts[s.ordinality], 'N'),
        coalesce(p_flags[s.ordinality], 0) | coalesce(p_axis_flags[s.ordinality], 0))::release.delivery
      FROM unnest(p_rows) WITH ORDINALITY s) || p_others;
  END IF;
  IF NOT continues THEN
    SELECT * INTO batch_epoch FROM release.epoch_of_batch(p_batch, deliveries);
    epoch_started := CASE WHEN batch_epoch.started THEN batch_epoch.epoch END;
    first_deliveries := release.mark_seen(p_batch, deliveries, batch_epoch.epoch, batch_epoch.is_current);
  END IF;

  IF first_deliveries IS NULL AND p_verdicts IS NULL THEN
    -- All new: the client has counted already.
    applied := cardinality(p_rows);
    stale := p_batch.stale;
    duplicate := p_batch.duplicate;
    conflict := p_batch.conflict;
    dead_lettered := p_batch.dead_lettered;
    ignored := p_batch.ignored;
    redelivered := 0;
    once.applied := applied;
    once.stale := stale;
    once.duplicate := duplicate;
    once.conflict := conflict;
    once.dead_lettered := dead_lettered;
    once.ignored := ignored;
    once.version_missing := p_batch.version_missing;
    once.alias_hit := p_batch.alias_hit;
    once.core_violation := p_batch.core_violation;
    once.key_mismatch := p_batch.key_mismatch;
    once.mixed_axes := p_batch.mixed_axes;
    once.axis_inversions := p_batch.axis_inversions;
    once.pairing_skipped := p_batch.pairing_skipped;
    once.related_id_null := p_batch.related_id_null;
  ELSE
    WITH judged AS (
      -- Where the row lacks the first axis, so does all that lost against it.
      SELECT e.flags | (coalesce(p_axis_flags[e.row_number], 0) & 16) AS flags, coalesce(e.is_first, true) AS is_first,
        CASE
          WHEN e.verdict IN ('x', 'i') THEN e.verdict
          -- Of the row itself this is its own verdict.
          WHEN p_verdicts[e.row_number] = 's' THEN 's'
          WHEN p_verdicts[e.row_number] = 'c' AND e.verdict = 'd' THEN 'c'
          ELSE e.verdict
        END AS verdict
      FROM ROWS FROM (unnest(deliveries), unnest(first_deliveries))
        AS e(sequence_number, enqueued_at, row_number, verdict, flags, is_first)
    )
    SELECT count(*) FILTER (WHERE verdict IN ('N', 'A')), count(*) FILTER (WHERE verdict = 's'),
      count(*) FILTER (WHERE verdict IN ('D', 'd')), count(*) FILTER (WHERE verdict IN ('C', 'c')),
      count(*) FILTER (WHERE verdict = 'x'), count(*) FILTER (WHERE verdict = 'i'), count(*) FILTER (WHERE NOT is_first),
      count(*) FILTER (WHERE is_first AND verdict IN ('N', 'A')),
      count(*) FILTER (WHERE is_first AND verdict = 's'),
      count(*) FILTER (WHERE is_first AND verdict IN ('D', 'd')),
      count(*) FILTER (WHERE is_first AND verdict IN ('C', 'c')),
      count(*) FILTER (WHERE is_first AND verdict = 'x'),
      count(*) FILTER (WHERE is_first AND verdict = 'i'),
      count(*) FILTER (WHERE is_first AND flags & 1 > 0),
      count(*) FILTER (WHERE is_first AND flags & 2 > 0),
      count(*) FILTER (WHERE is_first AND flags & 4 > 0),
      count(*) FILTER (WHERE is_first AND flags & 8 > 0),
      count(*) FILTER (WHERE is_first AND flags & 16 > 0),
      count(*) FILTER (WHERE is_first AND flags & 32 > 0),
      count(*) FILTER (WHERE is_first AND flags & 64 > 0),
      count(*) FILTER (WHERE is_first AND flags & 128 > 0)
    INTO applied, stale, duplicate, conflict, dead_lettered, ignored, redelivered,
      once.applied, once.stale, once.duplicate, once.conflict, once.dead_lettered, once.ignored, once.version_missing,
      once.alias_hit, once.core_violation, once.key_mismatch, once.mixed_axes, once.pairing_skipped,
      once.related_id_null, once.axis_inversions
    FROM judged;
  END IF;
  once.topic := p_batch.topic;
  once.partition := p_batch.partition;
  once.hour := date_trunc('hour', now(), 'UTC');
  once.profile_id := p_batch.profile_id;
  once.redelivered := redelivered;
  once.pairs_reopened := p_reopened;
  INSERT INTO sync.hourly_counters AS t SELECT (once).*
  ON CONFLICT (topic, partition, hour, profile_id) DO UPDATE SET
    applied = t.applied + excluded.applied, stale = t.stale + excluded.stale,
    duplicate = t.duplicate + excluded.duplicate, conflict = t.conflict + excluded.conflict,
    dead_lettered = t.dead_lettered + excluded.dead_lettered,
    ignored = coalesce(t.ignored, 0) + excluded.ignored, redelivered = t.redelivered + excluded.redelivered,
    version_missing = t.version_missing + excluded.version_missing, alias_hit = t.alias_hit + excluded.alias_hit,
    core_violation = t.core_violation + excluded.core_violation,
    key_mismatch = t.key_mismatch + excluded.key_mismatch, mixed_axes = t.mixed_axes + excluded.mixed_axes,
    pairing_skipped = t.pairing_skipped + excluded.pairing_skipped,
    related_id_null = t.related_id_null + excluded.related_id_null,
    pairs_reopened = t.pairs_reopened + excluded.pairs_reopened,
    axis_inversions = coalesce(t.axis_inversions, 0) + excluded.axis_inversions;

  IF once.dead_lettered > 0 THEN
    INSERT INTO sync.hourly_dead_letters AS t (topic, partition, hour, error, events)
    SELECT p_batch.topic, p_batch.partition, once.hour, d.error, count(*)
    FROM unnest(p_dead_letters) d WHERE coalesce(first_deliveries[cardinality(p_rows) + d.delivery_number], true)
    GROUP BY d.error ORDER BY d.error
    ON CONFLICT (topic, partition, hour, error) DO UPDATE SET events = t.events + excluded.events;
  END IF;
END $$;
