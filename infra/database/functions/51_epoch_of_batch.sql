-- Finds the epoch of a batch, and opens a new one where the hub was recreated: its numbers start again. Proof of that is an
-- event whose number was seen already, or lies below all that were seen, with an enqueue time later than all that were seen.
-- (A number inside a hole proves nothing: a broker's clock may step back.)
--
-- Older epochs stay known, so that a late delivery from one of them is not taken for the new hub: it has a time that the old
-- epoch has reached, or one before the next epoch began and a number that continues where the old one ended, however many
-- epochs have begun since. The partition's row is locked.
CREATE FUNCTION release.epoch_of_batch(
  p_batch release.batch, p_deliveries release.delivery[], OUT epoch integer, OUT is_current boolean, OUT started boolean
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
  -- The first two conditions spare the look at each event where the whole batch was seen before, which is what a host that
  -- starts again is given first.
  IF NOT isempty(ledger.seen) AND p_batch.first_number < upper(ledger.seen)
    AND p_batch.latest_enqueued_at > ledger.last_enqueued_at AND EXISTS (
    SELECT FROM unnest(p_deliveries) e
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

-- The closed epoch that an event of that time belongs to; NULL for the one that is open.
CREATE FUNCTION release.closed_epoch_at(topic text, partition integer, enqueued_at timestamptz) RETURNS integer
LANGUAGE sql STABLE
RETURN (
  SELECT min(t.epoch) FROM sync.closed_epochs t
  WHERE t.topic = closed_epoch_at.topic AND t.partition = closed_epoch_at.partition
    AND t.last_enqueued_at >= closed_epoch_at.enqueued_at
);
