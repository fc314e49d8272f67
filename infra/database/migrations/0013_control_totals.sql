-- Control totals (SPEC 15, docs/adr/0014): what a source has counted, by window, and what is found of it here.

-- Rows of a window. BRIN: it costs the ingest nothing, and updates stay HOT. Several ranges are kept of a range of pages: a late row
-- must not make all windows between it and its neighbours look into them.
CREATE INDEX ledger_entries_created_at ON bo.ledger_entries
  USING brin (created_at timestamptz_minmax_multi_ops) WITH (pages_per_range = 128, autosummarize = on);
CREATE INDEX payment_orders_created_at ON bo.payment_orders
  USING brin (created_at timestamptz_minmax_multi_ops) WITH (pages_per_range = 128, autosummarize = on);

-- Per window, the total of highest precedence from the control topic, and when it is compared next.
CREATE TABLE sync.source_totals (
  window_id          text COLLATE "C" PRIMARY KEY,
  source_topic       text NOT NULL,
  window_start       timestamptz NOT NULL,
  window_end         timestamptz NOT NULL,
  row_count          bigint NOT NULL,
  amount_sum         numeric NOT NULL,
  digest             text,
  updated_at         timestamptz NOT NULL,
  source_version     bigint,
  occurred_at        timestamptz,
  schema_version     text,
  source_enqueued_at timestamptz NOT NULL,
  source_partition   integer NOT NULL,
  source_sequence    bigint NOT NULL,
  ingested_at        timestamptz NOT NULL,
  due_at             timestamptz DEFAULT now(),
  attempts           integer NOT NULL DEFAULT 0
);
COMMENT ON COLUMN sync.source_totals.window_id IS 'Logical topic and window_start';
COMMENT ON COLUMN sync.source_totals.updated_at IS 'generated_at of the total';
COMMENT ON COLUMN sync.source_totals.due_at IS 'When the timer compares it; NULL: it matched, or its 7 days are over';
COMMENT ON COLUMN sync.source_totals.attempts IS 'How often this total was compared and differed';
CREATE INDEX source_totals_due ON sync.source_totals (source_topic, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE bo.control_totals (
  topic            text,
  window_start     timestamptz,
  window_end       timestamptz NOT NULL,
  expected_count   bigint NOT NULL,
  expected_sum     numeric NOT NULL,
  found_count      bigint,
  found_sum        numeric,
  state            text NOT NULL CHECK (state IN ('open', 'matched', 'short', 'over', 'amount_differs', 'content_differs')),
  version          bigint,
  generated_at     timestamptz NOT NULL,
  first_checked_at timestamptz,
  last_checked_at  timestamptz,
  PRIMARY KEY (topic, window_start)
);
COMMENT ON TABLE bo.control_totals IS 'Windows of time: what the source has counted, and what is found of it here';
COMMENT ON COLUMN bo.control_totals.topic IS 'The name of the hub that the rows come from';
COMMENT ON COLUMN bo.control_totals.found_count IS 'Rows whose created_at lies in the window; NULL before it was compared';
-- What does not match: nearly nothing.
CREATE INDEX control_totals_unmatched ON bo.control_totals (topic, window_start) WHERE state <> 'matched';

GRANT SELECT, INSERT, UPDATE, DELETE ON sync.source_totals, bo.control_totals TO bo_sync;
GRANT SELECT, INSERT, UPDATE ON sync.source_totals TO bo_operator;
GRANT SELECT ON bo.control_totals TO bo_operator, bo_admin_read;
