-- What a batch is sent as: binary composites of these types, in one call (docs/adr/0005). A composite's binary form names the
-- type of each field, so a changed type belongs to another release. `release` stands for the schema of this one.

-- A batch as a whole. Counts over its deliveries are for a batch that is all new: then nobody has to look at each again.
CREATE TYPE release.batch AS (
  topic                text,
  partition            integer,
  profile_id           text,
  first_number         bigint,
  last_number          bigint,
  contiguous           boolean,      -- the deliveries are first_number .. last_number, each once, in order
  earliest_enqueued_at timestamptz,
  latest_enqueued_at   timestamptz,
  event_watermark      timestamptz,
  publish_watermark    timestamptz,
  stale                integer,      -- lost inside the batch
  duplicate            integer,
  conflict             integer,
  dead_lettered        integer,
  ignored              integer,
  version_missing      integer,
  alias_hit            integer,
  core_violation       integer,
  key_mismatch         integer,
  mixed_axes           integer,
  pairing_skipped      integer,
  related_id_null      integer,
  axis_inversions      integer
);

-- A delivery.
CREATE TYPE release.delivery AS (
  sequence_number bigint,
  enqueued_at     timestamptz,
  row_number      integer,           -- its key's row in the batch, from 1; 0 for a dead letter or an ignored one
  verdict         "char",            -- verdict.sql
  flags           integer            -- record_batch.sql
);

CREATE TYPE release.dead_letter AS (
  delivery_number integer,           -- its place among the deliveries that are no row, from 1
  "offset"        text,
  key             text,
  payload         bytea,
  error           text,
  error_detail    text,
  correlation_id  text,
  schema_id       text
);

-- What changed about a pair: an entry of its group is new, or gone, or (tx_id NULL) another of its inputs is.
CREATE TYPE release.pair_change AS (
  id         text COLLATE "C",
  is_payment boolean,
  event_time timestamptz,
  tx_id      text COLLATE "C",
  is_added   boolean
);

-- An entry in a slot of a pair. Sorts by event_time, then tx_id: the first one has the slot (SPEC 5).
CREATE TYPE release.pair_leg AS (
  event_time timestamptz,
  tx_id      text COLLATE "C",
  wallet_id  text COLLATE "C",
  amount     numeric
);

-- What an update changed about settlements: a group or a reversed entry that the row names or named. status: of an order, the
-- one before.
CREATE TYPE release.settlement_change AS (
  id       text COLLATE "C",
  reversed text COLLATE "C",
  status   text
);
