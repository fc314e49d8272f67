-- Whether a batch continues its partition: numbers above all that were seen, in order, at no earlier time. Then it is of no
-- other epoch, and no number is seen again.
CREATE FUNCTION release.continues(p_batch release.batch, seen int8multirange, last_enqueued_at timestamptz)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (p_batch).contiguous AND (p_batch).first_number >= upper(seen)
  AND (p_batch).earliest_enqueued_at >= last_enqueued_at;

-- Whether the rows of a batch are most likely all new (docs/adr/0008): it continues its partition, and the last ten batches
-- that did so brought new keys only. Then they are inserted without a look whether they are known, which saves 5 % of all
-- work; where one is known after all, the unique index says so, and the batch begins anew. Ten, so that this is rare even
-- where every few batches hold a known key.
CREATE FUNCTION release.expects_new_keys(p_batch release.batch) RETURNS boolean LANGUAGE sql STABLE
RETURN coalesce((
  SELECT t.new_batches >= 10 AND release.continues(p_batch, t.seen, t.last_enqueued_at)
  FROM sync.partitions t WHERE t.topic = p_batch.topic AND t.partition = p_batch.partition
), false);
