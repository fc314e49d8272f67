-- Up Migration

-- A hub that was recreated more than once: an event that goes on where an epoch ended, and comes before the next one
-- began, belongs to it, however many epochs have begun since. (Only the last closed epoch was looked at like this: a
-- late event of an older one was taken for a repeat in the epoch after it, and not counted.)

ALTER TABLE sync.closed_epochs ADD COLUMN first_enqueued_at timestamptz;
COMMENT ON COLUMN sync.closed_epochs.first_enqueued_at IS
  'Earliest enqueue time in this epoch; NULL where it was closed before this column was there';

CREATE OR REPLACE FUNCTION sync.epoch_of_batch_v1(
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
      OR (p_batch.first_number >= upper(t.seen) AND p_batch.latest_enqueued_at < CASE
        WHEN t.epoch = ledger.epoch - 1 THEN ledger.first_enqueued_at
        ELSE (SELECT n.first_enqueued_at FROM sync.closed_epochs n
          WHERE n.topic = t.topic AND n.partition = t.partition AND n.epoch = t.epoch + 1) END));
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
    INSERT INTO sync.closed_epochs (topic, partition, epoch, seen, first_enqueued_at, last_enqueued_at)
    VALUES (ledger.topic, ledger.partition, ledger.epoch, ledger.seen, ledger.first_enqueued_at,
      ledger.last_enqueued_at);
    UPDATE sync.partitions t SET epoch = ledger.epoch + 1, seen = '{}', first_enqueued_at = 'infinity',
      last_enqueued_at = '-infinity'
    WHERE t.topic = ledger.topic AND t.partition = ledger.partition;
    ledger.epoch := ledger.epoch + 1;
    started := true;
  END IF;
  epoch := ledger.epoch;
  is_current := true;
END $$;
