-- Up Migration

-- Finds the epoch of a batch, and opens a new one where the hub was recreated: its numbers start again. Proof of
-- that is an event whose number was seen already, or lies below all that were seen, with an enqueue time later than
-- all that were seen. (A number inside a hole proves nothing: a broker's clock may step back.) Older epochs stay
-- known, so that a late delivery from one of them is not taken for the new hub: it has a time that the old epoch has
-- reached, or one before the new epoch began and a number that goes on where the old one ended.
-- The partition's row is locked.
CREATE FUNCTION sync.epoch_of_batch_v1(
  p_batch sync.batch_v1, p_events sync.event_v1[], OUT epoch integer, OUT is_current boolean, OUT started boolean
) LANGUAGE plpgsql AS $$
DECLARE
  ledger sync.partitions;
  closed integer;
BEGIN
  started := false;
  LOOP
    SELECT * INTO ledger FROM sync.partitions t
    WHERE t.topic = p_batch.topic AND t.partition = p_batch.partition FOR UPDATE;
    EXIT WHEN FOUND;
    INSERT INTO sync.partitions (topic, partition) VALUES (p_batch.topic, p_batch.partition)
    ON CONFLICT DO NOTHING;
  END LOOP;
  SELECT min(t.epoch) INTO closed FROM sync.closed_epochs t
  WHERE t.topic = p_batch.topic AND t.partition = p_batch.partition
    AND (t.last_enqueued_at >= p_batch.latest_enqueued_at
      OR (t.epoch = ledger.epoch - 1 AND p_batch.latest_enqueued_at < ledger.first_enqueued_at
        AND p_batch.first_number >= upper(t.seen)));
  IF closed IS NOT NULL THEN
    epoch := closed;
    is_current := false;
    RETURN;
  END IF;
  IF NOT isempty(ledger.seen) AND p_batch.first_number < upper(ledger.seen) AND EXISTS (
    SELECT FROM unnest(p_events) e
    WHERE (e.sequence_number < lower(ledger.seen) OR ledger.seen @> e.sequence_number)
      AND e.enqueued_at > ledger.last_enqueued_at
  ) THEN
    INSERT INTO sync.closed_epochs (topic, partition, epoch, seen, last_enqueued_at)
    VALUES (ledger.topic, ledger.partition, ledger.epoch, ledger.seen, ledger.last_enqueued_at);
    UPDATE sync.partitions t SET epoch = ledger.epoch + 1, seen = '{}', first_enqueued_at = 'infinity',
      last_enqueued_at = '-infinity'
    WHERE t.topic = ledger.topic AND t.partition = ledger.partition;
    ledger.epoch := ledger.epoch + 1;
    started := true;
  END IF;
  epoch := ledger.epoch;
  is_current := true;
END $$;

-- Adds the numbers of a batch to the sequence ledger. Returns for each event, in order, whether this is its
-- first delivery; NULL where it is that for all of them. A number counts once, also where one batch holds it twice.
CREATE FUNCTION sync.mark_seen_v1(
  p_batch sync.batch_v1, p_events sync.event_v1[], p_epoch integer, p_is_current boolean
) RETURNS boolean[] LANGUAGE plpgsql AS $$
DECLARE
  numbers int8multirange;
  before int8multirange;
  first_deliveries boolean[];
BEGIN
  IF p_batch.contiguous THEN
    numbers := int8multirange(int8range(p_batch.first_number, p_batch.last_number, '[]'));
  ELSE
    SELECT range_agg(int8range(e.sequence_number, e.sequence_number, '[]')) INTO numbers
    FROM unnest(p_events) e;
  END IF;
  IF p_is_current THEN
    UPDATE sync.partitions t SET
      seen = t.seen + numbers,
      first_enqueued_at = least(t.first_enqueued_at, p_batch.earliest_enqueued_at),
      last_enqueued_at = greatest(t.last_enqueued_at, p_batch.latest_enqueued_at),
      event_watermark = greatest(t.event_watermark, p_batch.event_watermark),
      publish_watermark = greatest(t.publish_watermark, p_batch.publish_watermark),
      updated_at = now()
    WHERE t.topic = p_batch.topic AND t.partition = p_batch.partition
    RETURNING old.seen INTO before;
  ELSE
    UPDATE sync.closed_epochs t SET seen = t.seen + numbers,
      last_enqueued_at = greatest(t.last_enqueued_at, p_batch.latest_enqueued_at)
    WHERE t.topic = p_batch.topic AND t.partition = p_batch.partition AND t.epoch = p_epoch
    RETURNING old.seen INTO before;
  END IF;
  IF p_batch.contiguous AND NOT before && numbers THEN
    RETURN NULL;
  END IF;
  SELECT array_agg(NOT before @> e.number AND e.nth = 1 ORDER BY e.place) INTO first_deliveries
  FROM (
    SELECT u.sequence_number AS number, u.place, row_number() OVER (
      PARTITION BY u.sequence_number ORDER BY u.place) AS nth
    FROM unnest(p_events) WITH ORDINALITY u(sequence_number, enqueued_at, row_number, verdict, flags, place)
  ) e;
  RETURN first_deliveries;
END $$;

-- Writes what a batch leaves besides its rows: dead letters, the sequence ledger, watermarks, counters. Runs last
-- in the transaction: the partition's row is the last lock that is taken.
--
-- p_rows: how many rows the batch has. p_verdicts: the verdict of each of them (sync.verdict_v1), NULL where all of
-- them are new. An event that lost inside the batch keeps its own verdict, unless the winner itself lost against the
-- table. Flags of an event: 1 version missing, 2 alias hit, 4 core violation, 8 key mismatch, 16 mixed axes within
-- the batch, 32 pairing skipped, 64 related_id missing.
CREATE FUNCTION sync.record_batch_v1(
  p_batch sync.batch_v1, p_events sync.event_v1[], p_dead_letters sync.dead_letter_v1[], p_rows integer,
  p_verdicts "char"[], p_mixed_axes boolean[], p_reopened integer,
  OUT applied integer, OUT stale integer, OUT duplicate integer, OUT conflict integer,
  OUT dead_lettered integer, OUT redelivered integer, OUT epoch_started integer
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  batch_epoch record;
  first_deliveries boolean[];
  -- Of first deliveries only: what is added to the counters.
  once sync.hourly_counters;
BEGIN
  INSERT INTO bo.consumer_dlq_events (topic, partition, "offset", sequence_number, enqueued_at, key, payload,
    error, error_detail, profile_id, correlation_id)
  SELECT p_batch.topic, p_batch.partition, d."offset", (p_events[d.event_number]).sequence_number,
    (p_events[d.event_number]).enqueued_at, d.key, d.payload, d.error, d.error_detail, p_batch.profile_id,
    d.correlation_id
  FROM unnest(p_dead_letters) d
  ON CONFLICT ON CONSTRAINT consumer_dlq_events_position DO NOTHING;

  SELECT * INTO batch_epoch FROM sync.epoch_of_batch_v1(p_batch, p_events);
  epoch_started := CASE WHEN batch_epoch.started THEN batch_epoch.epoch END;
  first_deliveries := sync.mark_seen_v1(p_batch, p_events, batch_epoch.epoch, batch_epoch.is_current);

  IF first_deliveries IS NULL AND p_verdicts IS NULL THEN
    -- All new: the client has counted already.
    applied := p_rows;
    stale := p_batch.stale;
    duplicate := p_batch.duplicate;
    conflict := p_batch.conflict;
    dead_lettered := p_batch.dead_lettered;
    redelivered := 0;
    once.applied := applied;
    once.stale := stale;
    once.duplicate := duplicate;
    once.conflict := conflict;
    once.dead_lettered := dead_lettered;
    once.version_missing := p_batch.version_missing;
    once.alias_hit := p_batch.alias_hit;
    once.core_violation := p_batch.core_violation;
    once.key_mismatch := p_batch.key_mismatch;
    once.mixed_axes := p_batch.mixed_axes;
    once.pairing_skipped := p_batch.pairing_skipped;
    once.related_id_null := p_batch.related_id_null;
  ELSE
    WITH deliveries AS (
      SELECT e.flags, coalesce(e.is_first, true) AS is_first,
        coalesce(p_mixed_axes[e.row_number], false) AS mixed_axes,
        CASE
          WHEN e.verdict = 'x' THEN 'x'
          WHEN e.verdict = 'w' THEN CASE coalesce(p_verdicts[e.row_number], 'n')
            WHEN 'n' THEN 'a' WHEN 'D' THEN 'd' WHEN 'C' THEN 'c' ELSE p_verdicts[e.row_number] END
          WHEN p_verdicts[e.row_number] = 's' THEN 's'
          WHEN p_verdicts[e.row_number] = 'C' AND e.verdict = 'd' THEN 'c'
          ELSE e.verdict
        END AS outcome
      FROM ROWS FROM (unnest(p_events), unnest(first_deliveries))
        AS e(sequence_number, enqueued_at, row_number, verdict, flags, is_first)
    )
    SELECT count(*) FILTER (WHERE outcome = 'a'), count(*) FILTER (WHERE outcome = 's'),
      count(*) FILTER (WHERE outcome = 'd'), count(*) FILTER (WHERE outcome = 'c'),
      count(*) FILTER (WHERE outcome = 'x'), count(*) FILTER (WHERE NOT is_first),
      count(*) FILTER (WHERE is_first AND outcome = 'a'),
      count(*) FILTER (WHERE is_first AND outcome = 's'),
      count(*) FILTER (WHERE is_first AND outcome = 'd'),
      count(*) FILTER (WHERE is_first AND outcome = 'c'),
      count(*) FILTER (WHERE is_first AND outcome = 'x'),
      count(*) FILTER (WHERE is_first AND flags & 1 > 0),
      count(*) FILTER (WHERE is_first AND flags & 2 > 0),
      count(*) FILTER (WHERE is_first AND flags & 4 > 0),
      count(*) FILTER (WHERE is_first AND flags & 8 > 0),
      count(*) FILTER (WHERE is_first AND (flags & 16 > 0 OR mixed_axes)),
      count(*) FILTER (WHERE is_first AND flags & 32 > 0),
      count(*) FILTER (WHERE is_first AND flags & 64 > 0)
    INTO applied, stale, duplicate, conflict, dead_lettered, redelivered,
      once.applied, once.stale, once.duplicate, once.conflict, once.dead_lettered, once.version_missing,
      once.alias_hit, once.core_violation, once.key_mismatch, once.mixed_axes, once.pairing_skipped,
      once.related_id_null
    FROM deliveries;
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
    dead_lettered = t.dead_lettered + excluded.dead_lettered, redelivered = t.redelivered + excluded.redelivered,
    version_missing = t.version_missing + excluded.version_missing, alias_hit = t.alias_hit + excluded.alias_hit,
    core_violation = t.core_violation + excluded.core_violation,
    key_mismatch = t.key_mismatch + excluded.key_mismatch, mixed_axes = t.mixed_axes + excluded.mixed_axes,
    pairing_skipped = t.pairing_skipped + excluded.pairing_skipped,
    related_id_null = t.related_id_null + excluded.related_id_null,
    pairs_reopened = t.pairs_reopened + excluded.pairs_reopened;

  IF once.dead_lettered > 0 THEN
    INSERT INTO sync.hourly_dead_letters AS t (topic, partition, hour, error, events)
    SELECT p_batch.topic, p_batch.partition, once.hour, d.error, count(*)
    FROM unnest(p_dead_letters) d WHERE coalesce(first_deliveries[d.event_number], true)
    GROUP BY d.error ORDER BY d.error
    ON CONFLICT (topic, partition, hour, error) DO UPDATE SET events = t.events + excluded.events;
  END IF;
END $$;
