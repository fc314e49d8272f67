-- Up Migration

-- What a batch is sent as: binary arrays of these types, one call per batch. A composite's binary form names the
-- type of each field, so a changed type is a new type: `_v2` beside `_v1`, for the release that still runs.

CREATE TYPE sync.batch_v1 AS (
  topic                text,
  partition            integer,
  profile_id           text,
  version_first        boolean,      -- the profile puts version before updated_at
  first_number         bigint,
  last_number          bigint,
  contiguous           boolean,      -- the events are first_number .. last_number, each once, in order
  earliest_enqueued_at timestamptz,
  latest_enqueued_at   timestamptz,
  event_watermark      timestamptz,
  publish_watermark    timestamptz,
  payment_entry_type   text,         -- the pairing rule
  receive_entry_type   text,
  pairing_related_type text,
  -- Counts over the events, for a batch that is all new: then nobody has to look at each of them again.
  stale                integer,      -- lost inside the batch
  duplicate            integer,
  conflict             integer,
  dead_lettered        integer,
  version_missing      integer,
  alias_hit            integer,
  core_violation       integer,
  key_mismatch         integer,
  mixed_axes           integer,
  pairing_skipped      integer,
  related_id_null      integer
);

-- One delivery.
CREATE TYPE sync.event_v1 AS (
  sequence_number bigint,
  enqueued_at     timestamptz,
  row_number      integer,           -- its key's row in the batch, from 1; 0 for a dead letter
  verdict         "char",            -- w: it is that row; s, d, c: lost against it; x: dead letter
  flags           integer            -- see sync.record_batch_v1
);

CREATE TYPE sync.dead_letter_v1 AS (
  event_number    integer,           -- its place in the batch, from 1
  "offset"        text,
  key             text,
  payload         bytea,
  error           text,
  error_detail    text,
  correlation_id  text
);

CREATE TYPE sync.ledger_row_v1 AS (
  tx_id text, wallet_id text, entry_type text, amount numeric, amount_signed numeric, related_id text,
  related_type text, event_time timestamptz, created_at timestamptz, updated_at timestamptz,
  source_version bigint, occurred_at timestamptz, schema_version text,
  source_enqueued_at timestamptz, source_partition integer, source_sequence bigint
);

CREATE TYPE sync.order_row_v1 AS (
  order_id text, user_id text, merchant_name text, amount numeric, status text, created_at timestamptz,
  updated_at timestamptz, source_version bigint, occurred_at timestamptz, schema_version text,
  source_enqueued_at timestamptz, source_partition integer, source_sequence bigint
);

CREATE TYPE sync.confirmation_row_v1 AS (
  payment_order_id text, payment_tx_id text, receive_tx_id text, payer_wallet_id text, payee_wallet_id text,
  amount numeric, status text, updated_at timestamptz, source_version bigint, occurred_at timestamptz,
  schema_version text, source_enqueued_at timestamptz, source_partition integer, source_sequence bigint
);

-- An entry of a pair. Sorts by event_time, then tx_id: the first one has the slot.
CREATE TYPE sync.pair_leg_v1 AS (
  event_time timestamptz,
  tx_id      text COLLATE "C",
  wallet_id  text COLLATE "C",
  amount     numeric
);

-- What a batch changes about one pair. additive: it brought new entries and changed nothing else, at most one of each
-- kind; then they are the legs, and the pair can be brought forward without reading its group again.
CREATE TYPE sync.pair_delta_v1 AS (
  id       text COLLATE "C",
  payment  sync.pair_leg_v1,
  receive  sync.pair_leg_v1,
  additive boolean
);

-- What an event is against the row that its key has (SPEC 3, 4), one letter:
--   a  applied: it outranks the row           s  stale: the row outranks it
--   D  duplicate at a later position          d  duplicate at the same or an earlier one
--   c  conflict that wins by its position     C  conflict that loses
-- a, D and c are written. Plain SQL, so that it is inlined into the statements that call it.
CREATE FUNCTION sync.verdict_v1(
  version_first boolean,
  updated_at timestamptz, version bigint, enqueued_at timestamptz, partition integer, sequence bigint,
  held_updated_at timestamptz, held_version bigint, held_enqueued_at timestamptz, held_partition integer,
  held_sequence bigint,
  same_content boolean
) RETURNS "char" LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN updated_at IS NOT DISTINCT FROM held_updated_at AND version IS NOT DISTINCT FROM held_version THEN
    CASE WHEN (enqueued_at, partition, sequence) > (held_enqueued_at, held_partition, held_sequence) THEN
      CASE WHEN same_content THEN 'D' WHEN updated_at IS NULL AND version IS NULL THEN 'a' ELSE 'c' END
    ELSE
      CASE WHEN same_content THEN 'd' WHEN updated_at IS NULL AND version IS NULL THEN 's' ELSE 'C' END
    END
  WHEN CASE WHEN version_first
    THEN (coalesce(version, -1), coalesce(updated_at, '-infinity')) >
         (coalesce(held_version, -1), coalesce(held_updated_at, '-infinity'))
    ELSE (coalesce(updated_at, '-infinity'), coalesce(version, -1)) >
         (coalesce(held_updated_at, '-infinity'), coalesce(held_version, -1))
    END THEN 'a'
  ELSE 's'
END::"char";

-- Whether an event lacks the first axis of its profile while its key's row has it.
CREATE FUNCTION sync.mixed_axes_v1(
  version_first boolean, updated_at timestamptz, version bigint, held_updated_at timestamptz,
  held_version bigint
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN version_first
  THEN version IS NULL AND held_version IS NOT NULL
  ELSE updated_at IS NULL AND held_updated_at IS NOT NULL
END;
