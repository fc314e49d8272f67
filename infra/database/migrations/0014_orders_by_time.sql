-- Orders that changed lately (sweep_settlements.sql): the note of a batch says when it wrote, and not all that it wrote. BRIN: updates
-- stay HOT. Plain minmax, as the sweep asks for the latest times only: an old range that was widened is out of its way again soon.
CREATE INDEX payment_orders_ingested_at ON bo.payment_orders
  USING brin (ingested_at) WITH (pages_per_range = 32, autosummarize = on);
