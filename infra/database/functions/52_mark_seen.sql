-- Adds the numbers of a batch to the sequence ledger. Returns for each delivery, in order, whether it is the first one of its
-- event; NULL where all of them are. A number counts once, also where one batch holds it twice.
CREATE FUNCTION release.mark_seen(
  p_batch release.batch, p_deliveries release.delivery[], p_epoch integer, p_is_current boolean
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
    FROM unnest(p_deliveries) e;
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
  IF p_batch.contiguous AND before @> numbers THEN
    RETURN array_fill(false, ARRAY[cardinality(p_deliveries)]);
  END IF;
  SELECT array_agg(NOT before @> e.number AND e.nth = 1 ORDER BY e.place) INTO first_deliveries
  FROM (
    SELECT u.sequence_number AS number, u.place, row_number() OVER (
      PARTITION BY u.sequence_number ORDER BY u.place) AS nth
    FROM unnest(p_deliveries) WITH ORDINALITY u(sequence_number, enqueued_at, row_number, verdict, flags, place)
  ) e;
  RETURN first_deliveries;
END $$;
