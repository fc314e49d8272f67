-- Up Migration

-- What the metrics timer keeps between its runs (SPEC 9).

-- One row, locked by the run that is under way: two instances never send the same numbers.
CREATE TABLE sync.metrics_state (
  one              boolean PRIMARY KEY DEFAULT true CHECK (one),
  exported_at      timestamptz,
  pairs_scanned_at timestamptz NOT NULL DEFAULT now(),
  pruned_at        timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN sync.metrics_state.exported_at IS 'When counters were last sent';
COMMENT ON COLUMN sync.metrics_state.pairs_scanned_at IS 'Up to when changed pairs were looked at';
INSERT INTO sync.metrics_state DEFAULT VALUES;

-- What was sent of the hourly counters, so that each run sends the difference: whatever the number of instances, and
-- however often one of them dies, a number is sent once.
CREATE TABLE sync.exported_counters (
  hour  timestamptz NOT NULL,
  topic text NOT NULL,
  name  text NOT NULL,
  label text NOT NULL,
  value bigint NOT NULL,
  PRIMARY KEY (hour, topic, name, label)
) WITH (fillfactor = 50);
COMMENT ON COLUMN sync.exported_counters.name IS 'Column of sync.hourly_counters, or dead_letters';
COMMENT ON COLUMN sync.exported_counters.label IS 'Profile or reason where the counter has one, else empty';

-- Pairs that are not complete. Their table has ten million rows that are: a partial index would name them as well, but
-- then no update of a pair would be a HOT update (pairing_status would belong to an index). So the timer keeps this
-- list, from the pairs that changed since its last run; it finds those by a BRIN index, which HOT updates may touch.
CREATE TABLE sync.incomplete_pairs (
  payment_order_id text COLLATE "C" PRIMARY KEY,
  pairing_status   text NOT NULL,
  event_time       timestamptz
);
CREATE INDEX payment_ledger_pairs_updated_at ON bo.payment_ledger_pairs
  USING brin (updated_at) WITH (pages_per_range = 32, autosummarize = on);
INSERT INTO sync.incomplete_pairs
SELECT payment_order_id, pairing_status, event_time
FROM bo.payment_ledger_pairs WHERE pairing_status <> 'COMPLETE';

-- Gaps that the timer knows of, one row a partition, and when it asks for their repair.
CREATE TABLE sync.gap_repairs (
  topic        text NOT NULL,
  partition    integer NOT NULL,
  first_number bigint NOT NULL,
  last_number  bigint NOT NULL,
  attempts     integer NOT NULL,
  due_at       timestamptz NOT NULL,
  PRIMARY KEY (topic, partition)
);

-- What was counted lately. The hour of a row never changes, so its updates stay HOT.
CREATE INDEX hourly_counters_hour ON sync.hourly_counters (hour);

-- How many dead letters are open, by topic; and which are past their retention.
CREATE INDEX consumer_dlq_events_open_topic ON bo.consumer_dlq_events (topic) WHERE resolved_at IS NULL;
CREATE INDEX consumer_dlq_events_resolved ON bo.consumer_dlq_events (resolved_at) WHERE resolved_at IS NOT NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON sync.exported_counters, sync.incomplete_pairs, sync.gap_repairs TO bo_sync;
GRANT SELECT, UPDATE ON sync.metrics_state TO bo_sync;
GRANT SELECT ON sync.metrics_state, sync.exported_counters, sync.incomplete_pairs, sync.gap_repairs TO bo_operator;
