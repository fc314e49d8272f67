-- Orders that changed lately (sweep_settlements.sql): the note of a batch says when it wrote, and not all that it wrote. BRIN: it
-- costs the ingest nothing, and updates stay HOT.
CREATE INDEX payment_orders_ingested_at ON bo.payment_orders
  USING brin (ingested_at timestamptz_minmax_multi_ops) WITH (pages_per_range = 32, autosummarize = on);
