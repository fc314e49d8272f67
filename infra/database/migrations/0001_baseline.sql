-- Up Migration

-- The serving tables that the Admin API reads (SPEC 6), the state of the sync itself, and who may do what. The functions
-- that write them are not here: infra/database/functions, installed with each release.
-- Identifiers use COLLATE "C": they are compared byte by byte (SPEC 5), and it is 10 to 20 % faster than ICU.

CREATE SCHEMA bo;
CREATE SCHEMA IF NOT EXISTS sync; -- the migration runner has made it for its own table
COMMENT ON SCHEMA bo IS 'Serving tables, read by the Admin API';
COMMENT ON SCHEMA sync IS 'State of the sync: sequence ledger, counters, confirmations';

-- == Serving tables ==

CREATE TABLE bo.ledger_entries (
  tx_id              text COLLATE "C" PRIMARY KEY,
  wallet_id          text COLLATE "C" NOT NULL,
  entry_type         text NOT NULL,
  amount             numeric NOT NULL,
  amount_signed      numeric,
  related_id         text COLLATE "C",
  related_type       text,
  reverses_tx_id     text COLLATE "C",
  currency           text,
  event_time         timestamptz NOT NULL,
  created_at         timestamptz NOT NULL,
  updated_at         timestamptz,
  source_version     bigint,
  occurred_at        timestamptz,
  schema_version     text,
  source_enqueued_at timestamptz NOT NULL,
  source_partition   integer NOT NULL,
  source_sequence    bigint NOT NULL,
  ingested_at        timestamptz NOT NULL
) WITH (fillfactor = 90);
COMMENT ON COLUMN bo.ledger_entries.amount_signed IS 'As the event gave it, else NULL: never derived';
COMMENT ON COLUMN bo.ledger_entries.reverses_tx_id IS 'The entry that this one undoes, whole or in part';
COMMENT ON COLUMN bo.ledger_entries.currency IS 'ISO 4217';
COMMENT ON COLUMN bo.ledger_entries.source_enqueued_at IS
  'With source_partition and source_sequence: broker position of the event of highest precedence';
COMMENT ON COLUMN bo.ledger_entries.ingested_at IS 'When the row was last written';

-- Entries of a payment (Admin API, pairing).
CREATE INDEX ledger_entries_related_id ON bo.ledger_entries (related_id) WHERE related_id IS NOT NULL;
-- Entries of a wallet in a range of time, newest first (Admin API).
CREATE INDEX ledger_entries_wallet ON bo.ledger_entries (wallet_id, event_time DESC, tx_id);

CREATE TABLE bo.payment_orders (
  order_id           text COLLATE "C" PRIMARY KEY,
  user_id            text,
  merchant_name      text,
  amount             numeric NOT NULL,
  status             text NOT NULL,
  created_at         timestamptz NOT NULL,
  updated_at         timestamptz,
  source_version     bigint,
  occurred_at        timestamptz,
  schema_version     text,
  source_enqueued_at timestamptz NOT NULL,
  source_partition   integer NOT NULL,
  source_sequence    bigint NOT NULL,
  ingested_at        timestamptz NOT NULL
) WITH (fillfactor = 80);

-- A pure function of entries, order and confirmation (SPEC 5). fillfactor: a row is written at least twice, once for each
-- half; on its own page that is a HOT update, which leaves the index alone. Vacuum: an order that comes before its entries
-- leaves a dead row (functions/refresh_pairs.sql).
CREATE TABLE bo.payment_ledger_pairs (
  payment_order_id text COLLATE "C" PRIMARY KEY,
  payment_tx_id    text COLLATE "C",
  receive_tx_id    text COLLATE "C",
  payer_wallet_id  text COLLATE "C",
  payee_wallet_id  text COLLATE "C",
  amount           numeric,
  status           text,
  event_time       timestamptz,
  pairing_status   text NOT NULL CHECK (pairing_status IN ('COMPLETE', 'INCOMPLETE', 'AMBIGUOUS')),
  mismatch         boolean NOT NULL,
  confirmed        boolean NOT NULL,
  ordered          boolean NOT NULL,
  crowded          boolean NOT NULL DEFAULT false,
  payment_count    integer NOT NULL,
  receive_count    integer NOT NULL,
  payment_amount   numeric,
  receive_amount   numeric,
  updated_at       timestamptz NOT NULL,
  ingested_at      timestamptz NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON COLUMN bo.payment_ledger_pairs.payment_count IS 'PAYMENT entries of the group; 2 or more: AMBIGUOUS';
COMMENT ON COLUMN bo.payment_ledger_pairs.payment_amount IS
  'With receive_amount: amounts of the entries in the slots; NULL where a confirmation fills them';
COMMENT ON COLUMN bo.payment_ledger_pairs.ordered IS 'The order of this pair is known';
COMMENT ON COLUMN bo.payment_ledger_pairs.confirmed IS 'The upstream service has confirmed this pair';
COMMENT ON COLUMN bo.payment_ledger_pairs.crowded IS 'The group is large: its entries are in sync.crowded_entries';

-- Pairs that changed lately (the timer). BRIN: HOT updates may touch it.
CREATE INDEX payment_ledger_pairs_updated_at ON bo.payment_ledger_pairs
  USING brin (updated_at) WITH (pages_per_range = 32, autosummarize = on);
-- The few large groups (the timer). The flag of a row seldom changes, so its updates stay HOT.
CREATE INDEX payment_ledger_pairs_crowded ON bo.payment_ledger_pairs (payment_order_id) WHERE crowded;

CREATE TABLE bo.consumer_dlq_events (
  dlq_id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic           text NOT NULL,
  partition       integer NOT NULL,
  "offset"        text NOT NULL,
  sequence_number bigint NOT NULL,
  enqueued_at     timestamptz NOT NULL,
  key             text,
  payload         bytea NOT NULL,
  error           text NOT NULL,
  error_detail    text NOT NULL,
  profile_id      text NOT NULL,
  correlation_id  text,
  ingested_at     timestamptz NOT NULL DEFAULT now(),
  replay_count    integer NOT NULL DEFAULT 0,
  resolved_at     timestamptz,
  resolution      text,
  -- The enqueue time belongs to it: numbers start again when a hub is recreated.
  CONSTRAINT consumer_dlq_events_position UNIQUE (topic, partition, sequence_number, enqueued_at)
);
COMMENT ON COLUMN bo.consumer_dlq_events.payload IS 'The exact bytes; sealed unless USER_ID_MODE is plain';

-- Replay looks for open dead letters of a topic, a reason or a time, in the order of their ids.
CREATE INDEX consumer_dlq_events_open ON bo.consumer_dlq_events (dlq_id) WHERE resolved_at IS NULL;
-- How many are open, by topic; and which are past their retention.
CREATE INDEX consumer_dlq_events_open_topic ON bo.consumer_dlq_events (topic) WHERE resolved_at IS NULL;
CREATE INDEX consumer_dlq_events_resolved ON bo.consumer_dlq_events (resolved_at) WHERE resolved_at IS NOT NULL;

-- == Inputs of pairs that are no serving table ==

CREATE TABLE sync.pair_confirmations (
  payment_order_id   text COLLATE "C" PRIMARY KEY,
  payment_tx_id      text COLLATE "C" NOT NULL,
  receive_tx_id      text COLLATE "C" NOT NULL,
  payer_wallet_id    text COLLATE "C" NOT NULL,
  payee_wallet_id    text COLLATE "C" NOT NULL,
  amount             numeric NOT NULL,
  status             text,
  updated_at         timestamptz,
  source_version     bigint,
  occurred_at        timestamptz,
  schema_version     text,
  source_enqueued_at timestamptz NOT NULL,
  source_partition   integer NOT NULL,
  source_sequence    bigint NOT NULL,
  ingested_at        timestamptz NOT NULL
);
COMMENT ON TABLE sync.pair_confirmations IS 'Per order, the confirmation of highest precedence from the pair topic';

-- The entries of large groups, in the order in which one gets the slot: the earliest and the latest of a group of any size
-- are one look-up. The entries of the others are found by related_id.
CREATE TABLE sync.crowded_entries (
  related_id text COLLATE "C",
  is_payment boolean,
  event_time timestamptz,
  tx_id      text COLLATE "C",
  PRIMARY KEY (related_id, is_payment, event_time, tx_id)
);

-- == Sequence ledger and counters ==

-- The sequence ledger (SPEC 7): one row a partition, rewritten by every batch, so it has a page to itself.
CREATE TABLE sync.partitions (
  topic             text NOT NULL,
  partition         integer NOT NULL,
  epoch             integer NOT NULL DEFAULT 0,
  seen              int8multirange NOT NULL DEFAULT '{}',
  first_enqueued_at timestamptz NOT NULL DEFAULT 'infinity',
  last_enqueued_at  timestamptz NOT NULL DEFAULT '-infinity',
  event_watermark   timestamptz,
  publish_watermark timestamptz,
  new_batches       smallint NOT NULL DEFAULT 0,
  updated_at        timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition)
) WITH (fillfactor = 10);
COMMENT ON COLUMN sync.partitions.epoch IS 'Counts how often the hub was recreated, with numbers from 0 again';
COMMENT ON COLUMN sync.partitions.seen IS 'Sequence numbers of this epoch that were processed';
COMMENT ON COLUMN sync.partitions.first_enqueued_at IS 'Earliest enqueue time in this epoch';
COMMENT ON COLUMN sync.partitions.last_enqueued_at IS 'Latest enqueue time in this epoch';
COMMENT ON COLUMN sync.partitions.event_watermark IS
  'Latest business time (event_time; updated_at else created_at), never later than the enqueue time';
COMMENT ON COLUMN sync.partitions.publish_watermark IS 'Latest occurred_at, never later than the enqueue time';
COMMENT ON COLUMN sync.partitions.new_batches IS
  'Of the last batches that continued the partition, how many in a row brought new keys only; up to 10';

CREATE TABLE sync.closed_epochs (
  topic             text NOT NULL,
  partition         integer NOT NULL,
  epoch             integer NOT NULL,
  seen              int8multirange NOT NULL,
  first_enqueued_at timestamptz NOT NULL,
  last_enqueued_at  timestamptz NOT NULL,
  closed_at         timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition, epoch)
);
COMMENT ON TABLE sync.closed_epochs IS 'The sequence ledger of hubs that were recreated';

-- Numbers that the broker no longer has: lost, by number, and no gap any more.
CREATE TABLE sync.lost_events (
  topic       text NOT NULL,
  partition   integer NOT NULL,
  epoch       integer NOT NULL,
  numbers     int8multirange NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition, epoch)
);

-- Holes in what was processed: events that the broker delivered past us (SPEC 7). Numbers below the first one
-- seen are not known here; whoever reads the broker's own first number adds them.
CREATE VIEW sync.sequence_gaps AS
SELECT topic, partition, epoch, lower(gap) AS first_number, upper(gap) - 1 AS last_number
FROM (
  SELECT topic, partition, epoch, seen FROM sync.partitions
  UNION ALL
  SELECT topic, partition, epoch, seen FROM sync.closed_epochs
) ledger
LEFT JOIN sync.lost_events lost USING (topic, partition, epoch)
CROSS JOIN LATERAL unnest(int8multirange(range_merge(seen)) - seen - coalesce(numbers, '{}')) gap;

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

-- Counters (SPEC 4, 9), each sequence number once.
CREATE TABLE sync.hourly_counters (
  topic           text NOT NULL,
  partition       integer NOT NULL,
  hour            timestamptz NOT NULL,
  profile_id      text NOT NULL,
  applied         bigint NOT NULL,
  stale           bigint NOT NULL,
  duplicate       bigint NOT NULL,
  conflict        bigint NOT NULL,
  dead_lettered   bigint NOT NULL,
  redelivered     bigint NOT NULL,
  version_missing bigint NOT NULL,
  alias_hit       bigint NOT NULL,
  core_violation  bigint NOT NULL,
  key_mismatch    bigint NOT NULL,
  mixed_axes      bigint NOT NULL,
  pairing_skipped bigint NOT NULL,
  related_id_null bigint NOT NULL,
  pairs_reopened  bigint NOT NULL,
  PRIMARY KEY (topic, partition, hour, profile_id)
) WITH (fillfactor = 10);
-- What was counted lately. The hour of a row never changes, so its updates stay HOT.
CREATE INDEX hourly_counters_hour ON sync.hourly_counters (hour);

CREATE TABLE sync.hourly_dead_letters (
  topic     text NOT NULL,
  partition integer NOT NULL,
  hour      timestamptz NOT NULL,
  error     text NOT NULL,
  events    bigint NOT NULL,
  PRIMARY KEY (topic, partition, hour, error)
) WITH (fillfactor = 50);

-- == What the metrics timer keeps between its runs (SPEC 9) ==

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
-- list, from the pairs that changed since its last run.
CREATE TABLE sync.incomplete_pairs (
  payment_order_id text COLLATE "C" PRIMARY KEY,
  pairing_status   text NOT NULL,
  event_time       timestamptz
);

-- == What operators do (SPEC 7, 8, 11) ==

-- One row a request, for as long as somebody may ask for its result. A request that is delivered again, or goes on in
-- another run, finds here how far it has come.
CREATE TABLE sync.replay_requests (
  request_id   text PRIMARY KEY,
  request      jsonb NOT NULL,
  requested_by text NOT NULL,
  status       text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'done')),
  position     bigint NOT NULL DEFAULT 0,
  ceiling      bigint NOT NULL,
  examined     bigint NOT NULL DEFAULT 0,
  resolved     bigint NOT NULL DEFAULT 0,
  rejected     bigint NOT NULL DEFAULT 0,
  exhausted    bigint NOT NULL DEFAULT 0,
  lost         bigint NOT NULL DEFAULT 0,
  started_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now(),
  finished_at  timestamptz
);
COMMENT ON COLUMN sync.replay_requests.position IS 'The last dead letter, or sequence number, that is done with';
COMMENT ON COLUMN sync.replay_requests.ceiling IS 'The last one that the request is about';
COMMENT ON COLUMN sync.replay_requests.examined IS 'Dead letters or events that were looked at';
COMMENT ON COLUMN sync.replay_requests.resolved IS 'Of these, stored now; in a dry run, those that would be';
COMMENT ON COLUMN sync.replay_requests.rejected IS 'Of these, still refused by the contract or the database';
COMMENT ON COLUMN sync.replay_requests.exhausted IS 'Of these, left alone: too many attempts, or a topic that nobody reads';
COMMENT ON COLUMN sync.replay_requests.lost IS 'Sequence numbers of a gap that the broker no longer has';

CREATE TABLE sync.audit_log (
  audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at       timestamptz NOT NULL DEFAULT now(),
  actor    text NOT NULL,
  login    text NOT NULL DEFAULT session_user,
  action   text NOT NULL,
  details  jsonb NOT NULL,
  result   jsonb NOT NULL
);
COMMENT ON TABLE sync.audit_log IS 'What operators did, and what came of it; nobody may change or delete a row';
COMMENT ON COLUMN sync.audit_log.actor IS 'Who asked for it, as the request says';
COMMENT ON COLUMN sync.audit_log.login IS 'The database login that wrote the row';

-- One row a dump that is loaded. done: lines whose rows are merged, in the same transaction as they.
CREATE TABLE sync.backfills (
  backfill_id  text PRIMARY KEY,
  topic        text NOT NULL,
  as_of        timestamptz NOT NULL,
  requested_by text NOT NULL,
  done         int8multirange NOT NULL DEFAULT '{}',
  applied      bigint NOT NULL DEFAULT 0,
  stale        bigint NOT NULL DEFAULT 0,
  duplicate    bigint NOT NULL DEFAULT 0,
  conflict     bigint NOT NULL DEFAULT 0,
  refused      jsonb NOT NULL DEFAULT '[]',
  started_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now(),
  finished_at  timestamptz
) WITH (fillfactor = 10);
COMMENT ON COLUMN sync.backfills.backfill_id IS 'Content, topic and as-of time of the dump: the same again is the same load';
COMMENT ON COLUMN sync.backfills.refused IS 'Lines that only the database refused, with the SQLSTATE';

-- The functions that are installed (docs/adr/0010), the newest last.
CREATE TABLE sync.function_releases (
  schema       text PRIMARY KEY,
  sha256       text NOT NULL,
  installed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN sync.function_releases.sha256 IS 'Of the text that was installed: the same again changes nothing';

-- == Roles (SPEC 6, 10) ==

-- Group roles without login; the identities of a deployment, or the local login, are members of one. The owner of the schemas
-- runs the migrations and nothing else. What may be executed: functions/grants.sql.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['bo_sync', 'bo_admin_read', 'bo_operator'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', name);
    END IF;
  END LOOP;
END $$;
REVOKE ALL ON SCHEMA bo, sync FROM PUBLIC;

-- The functions: read and write data, no DDL. Rows of the serving tables are never deleted, but for pairs whose last input
-- went and dead letters past their retention.
GRANT USAGE ON SCHEMA bo, sync TO bo_sync;
GRANT SELECT, INSERT, UPDATE ON bo.ledger_entries, bo.payment_orders, sync.pair_confirmations, sync.partitions,
  sync.closed_epochs, sync.lost_events, sync.hourly_counters, sync.hourly_dead_letters, sync.replay_requests TO bo_sync;
GRANT SELECT, INSERT, UPDATE, DELETE ON bo.payment_ledger_pairs, bo.consumer_dlq_events, sync.crowded_entries,
  sync.exported_counters, sync.incomplete_pairs, sync.gap_repairs TO bo_sync;
GRANT DELETE ON sync.replay_requests, sync.hourly_counters, sync.hourly_dead_letters TO bo_sync;
GRANT SELECT, UPDATE ON sync.metrics_state TO bo_sync;
GRANT SELECT, INSERT ON sync.audit_log TO bo_sync;
GRANT SELECT ON sync.sequence_gaps, sync.backfills, sync.function_releases, sync.migrations TO bo_sync;

-- The Admin API: the three serving tables, nothing else.
GRANT USAGE ON SCHEMA bo TO bo_admin_read;
GRANT SELECT ON bo.ledger_entries, bo.payment_orders, bo.payment_ledger_pairs TO bo_admin_read;

-- The command line: reads everything, and writes through the same functions as the stream.
GRANT USAGE ON SCHEMA bo, sync TO bo_operator;
GRANT SELECT ON ALL TABLES IN SCHEMA bo, sync TO bo_operator;
GRANT INSERT, UPDATE ON bo.ledger_entries, bo.payment_orders, bo.consumer_dlq_events, sync.pair_confirmations,
  sync.partitions, sync.closed_epochs, sync.lost_events, sync.hourly_counters, sync.hourly_dead_letters,
  sync.replay_requests, sync.backfills TO bo_operator;
GRANT INSERT, UPDATE, DELETE ON bo.payment_ledger_pairs, sync.crowded_entries TO bo_operator;
GRANT INSERT ON sync.audit_log TO bo_operator;

-- reconcile keeps the keys of a dump in a temporary table. PUBLIC may have lost the right that it has by default. Where
-- the owner of the schema does not own the database, its administrator has to grant it.
DO $$
BEGIN
  EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO bo_operator', current_database());
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'bo_operator was not granted TEMPORARY on this database: reconcile needs it.';
END $$;
