-- Up Migration

-- One batch of a topic, from its rows to its counters, in one call and one transaction. The three functions differ
-- in their columns and in which pairs a written row touches; each does:
--   1 insert the new keys
--   2 compare the others with their rows, and update the outranked ones; a row that loses locks and writes nothing
--   3 refresh the pairs whose inputs changed
--   4 record the batch (sync.record_batch_v1)
-- p_rows: one row a key (the batch is compacted), sorted by key. The order of locks is the same for everyone:
-- entries, orders or confirmations, then pairs, then the partition's row.
--
-- A plain INSERT of absent keys costs 15 % less than ON CONFLICT (no speculative insertion). Its price is a race:
-- where another transaction brings the same key first, or a newer row overtakes the update, steps 1 and 2 are undone
-- (the block is a savepoint) and begin anew. The look-ups are scalar or have an OFFSET 0, and the update is an
-- INSERT ... ON CONFLICT, because a join here can become a scan of the whole table (on an empty table's statistics,
-- for ever, in a cached plan).

-- The order that an entry belongs to as one half of a payment; NULL where it takes no part in pairing.
CREATE FUNCTION sync.pair_group_v1(
  p_batch sync.batch_v1, entry_type text, related_type text, related_id text
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN entry_type IN ((p_batch).payment_entry_type, (p_batch).receive_entry_type)
    AND (related_type IS NULL OR related_type = (p_batch).pairing_related_type) THEN related_id
END;

-- One delta an order, sorted: several entries of one order, or an entry and another change, are merged. Additive is
-- what is still at most one new entry of each kind.
CREATE FUNCTION sync.merge_pair_deltas_v1(p_deltas sync.pair_delta_v1[]) RETURNS sync.pair_delta_v1[]
LANGUAGE sql IMMUTABLE
RETURN (
  SELECT array_agg((m.id, CASE WHEN m.additive THEN m.payments[1] END, CASE WHEN m.additive THEN m.receives[1] END,
    m.additive)::sync.pair_delta_v1 ORDER BY m.id COLLATE "C")
  FROM (
    SELECT d.id, array_agg(d.payment) FILTER (WHERE (d.payment).tx_id IS NOT NULL) AS payments,
      array_agg(d.receive) FILTER (WHERE (d.receive).tx_id IS NOT NULL) AS receives,
      bool_and(d.additive) AND count((d.payment).tx_id) <= 1 AND count((d.receive).tx_id) <= 1 AS additive
    FROM unnest(p_deltas) d GROUP BY d.id
  ) m
);

CREATE FUNCTION sync.ingest_ledger_v1(
  p_batch sync.batch_v1, p_rows sync.ledger_row_v1[], p_events sync.event_v1[], p_dead_letters sync.dead_letter_v1[],
  OUT applied integer, OUT stale integer, OUT duplicate integer, OUT conflict integer,
  OUT dead_lettered integer, OUT redelivered integer, OUT reopened integer, OUT epoch_started integer
) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  new_keys text[];
  deltas sync.pair_delta_v1[];
  orders integer;
  verdicts "char"[];
  mixed_axes boolean[];
  outranking integer;
  updates integer;
  touched text[];
BEGIN
  FOR attempt IN 1 .. 8 LOOP
    verdicts := NULL;
    mixed_axes := NULL;
    touched := NULL;
    BEGIN
      -- 1 new keys
      WITH inserted AS (
        INSERT INTO bo.ledger_entries (
          tx_id, wallet_id, entry_type, amount, amount_signed, related_id, related_type, event_time,
          created_at, updated_at, source_version, occurred_at, schema_version, source_enqueued_at,
          source_partition, source_sequence, ingested_at)
        SELECT s.tx_id, s.wallet_id, s.entry_type, s.amount, s.amount_signed, s.related_id, s.related_type,
          s.event_time, s.created_at, s.updated_at, s.source_version, s.occurred_at, s.schema_version,
          s.source_enqueued_at, s.source_partition, s.source_sequence, clock_timestamp()
        FROM unnest(p_rows) s
        WHERE (SELECT 1 FROM bo.ledger_entries t WHERE t.tx_id = s.tx_id) IS NULL
        RETURNING tx_id, wallet_id, entry_type, amount, related_id, related_type, event_time
      )
      SELECT array_agg(e.tx_id),
        array_agg((e.id, CASE WHEN e.is_payment THEN e.leg END, CASE WHEN NOT e.is_payment THEN e.leg END,
          true)::sync.pair_delta_v1 ORDER BY e.id COLLATE "C") FILTER (WHERE e.id IS NOT NULL),
        count(DISTINCT e.id COLLATE "C")
      INTO new_keys, deltas, orders
      FROM (
        SELECT i.tx_id, sync.pair_group_v1(p_batch, i.entry_type, i.related_type, i.related_id) AS id,
          i.entry_type = p_batch.payment_entry_type AS is_payment,
          (i.event_time, i.tx_id, i.wallet_id, i.amount)::sync.pair_leg_v1 AS leg
        FROM inserted i
      ) e;
      EXIT WHEN coalesce(cardinality(new_keys), 0) = cardinality(p_rows);

      -- 2 known keys: compare, update the outranked ones
      SELECT array_agg(c.verdict ORDER BY c.place), array_agg(c.mixed_axes ORDER BY c.place),
        count(*) FILTER (WHERE c.verdict IN ('a', 'D', 'c'))
      INTO verdicts, mixed_axes, outranking
      FROM (
        SELECT s.place,
          CASE WHEN s.tx_id IN (SELECT k FROM unnest(new_keys) k) THEN 'n'::"char"
            ELSE sync.verdict_v1(p_batch.version_first,
            s.updated_at, s.source_version, s.source_enqueued_at, s.source_partition, s.source_sequence,
            x.updated_at, x.source_version, x.source_enqueued_at, x.source_partition, x.source_sequence,
            (s.wallet_id, s.entry_type, s.amount, s.amount_signed, s.related_id, s.related_type,
            s.event_time, s.created_at)
            IS NOT DISTINCT FROM
            (x.wallet_id, x.entry_type, x.amount, x.amount_signed, x.related_id, x.related_type,
            x.event_time, x.created_at)) END AS verdict,
          sync.mixed_axes_v1(p_batch.version_first, s.updated_at, s.source_version, x.updated_at,
            x.source_version) AS mixed_axes
        FROM unnest(p_rows) WITH ORDINALITY AS s(
          tx_id, wallet_id, entry_type, amount, amount_signed, related_id, related_type, event_time,
          created_at, updated_at, source_version, occurred_at, schema_version, source_enqueued_at,
          source_partition, source_sequence, place)
        CROSS JOIN LATERAL (SELECT * FROM bo.ledger_entries t WHERE t.tx_id = s.tx_id OFFSET 0) x
      ) c;
      EXIT WHEN outranking = 0;

      WITH updated AS (
        INSERT INTO bo.ledger_entries AS t (
          tx_id, wallet_id, entry_type, amount, amount_signed, related_id, related_type, event_time,
          created_at, updated_at, source_version, occurred_at, schema_version, source_enqueued_at,
          source_partition, source_sequence, ingested_at)
        SELECT s.tx_id, s.wallet_id, s.entry_type, s.amount, s.amount_signed, s.related_id, s.related_type,
          s.event_time, s.created_at, s.updated_at, s.source_version, s.occurred_at, s.schema_version,
          s.source_enqueued_at, s.source_partition, s.source_sequence, clock_timestamp()
        FROM ROWS FROM (unnest(p_rows), unnest(verdicts)) AS s(
          tx_id, wallet_id, entry_type, amount, amount_signed, related_id, related_type, event_time,
          created_at, updated_at, source_version, occurred_at, schema_version, source_enqueued_at,
          source_partition, source_sequence, verdict)
        WHERE s.verdict IN ('a', 'D', 'c')
        ON CONFLICT (tx_id) DO UPDATE SET
          wallet_id = excluded.wallet_id, entry_type = excluded.entry_type, amount = excluded.amount,
          amount_signed = excluded.amount_signed, related_id = excluded.related_id,
          related_type = excluded.related_type, event_time = excluded.event_time,
          created_at = excluded.created_at, updated_at = excluded.updated_at,
          source_version = excluded.source_version, occurred_at = excluded.occurred_at,
          schema_version = excluded.schema_version, source_enqueued_at = excluded.source_enqueued_at,
          source_partition = excluded.source_partition, source_sequence = excluded.source_sequence,
          ingested_at = clock_timestamp()
        WHERE sync.verdict_v1(p_batch.version_first, excluded.updated_at, excluded.source_version,
          excluded.source_enqueued_at, excluded.source_partition, excluded.source_sequence,
          t.updated_at, t.source_version, t.source_enqueued_at, t.source_partition, t.source_sequence,
          (excluded.wallet_id, excluded.entry_type, excluded.amount, excluded.amount_signed,
          excluded.related_id, excluded.related_type, excluded.event_time, excluded.created_at)
          IS NOT DISTINCT FROM
          (t.wallet_id, t.entry_type, t.amount, t.amount_signed, t.related_id, t.related_type, t.event_time,
          t.created_at)) IN ('a', 'D', 'c')
        RETURNING CASE WHEN (old.wallet_id, old.entry_type, old.amount, scale(old.amount), old.related_id,
            old.related_type, old.event_time) IS DISTINCT FROM (new.wallet_id, new.entry_type, new.amount,
            scale(new.amount), new.related_id, new.related_type, new.event_time)
            THEN ARRAY[sync.pair_group_v1(p_batch, old.entry_type, old.related_type, old.related_id),
              sync.pair_group_v1(p_batch, new.entry_type, new.related_type, new.related_id)] END AS groups
      )
      SELECT count(*), (SELECT array_agg(g.id) FROM updated v, unnest(v.groups) g(id) WHERE g.id IS NOT NULL)
      INTO updates, touched
      FROM updated;
      IF updates <> outranking THEN
        RAISE EXCEPTION 'a newer row overtook the update' USING ERRCODE = 'serialization_failure';
      END IF;
      EXIT;
    EXCEPTION WHEN unique_violation OR serialization_failure THEN
      -- The client starts the batch again: it sees SQLSTATE 40001 as it would see a deadlock.
      IF attempt = 8 THEN
        RAISE EXCEPTION 'the keys of this batch are contended' USING ERRCODE = 'serialization_failure';
      END IF;
    END;
  END LOOP;

  -- 3 pairs
  reopened := 0;
  IF touched IS NOT NULL OR orders < cardinality(deltas) THEN
    deltas := sync.merge_pair_deltas_v1(deltas || ARRAY(
      SELECT (t.id, NULL, NULL, false)::sync.pair_delta_v1 FROM unnest(touched) t(id)));
  END IF;
  IF deltas IS NOT NULL THEN
    reopened := sync.refresh_pairs_v1(deltas, p_batch);
  END IF;

  -- 4 record
  SELECT r.* INTO applied, stale, duplicate, conflict, dead_lettered, redelivered, epoch_started
  FROM sync.record_batch_v1(p_batch, p_events, p_dead_letters, cardinality(p_rows), verdicts, mixed_axes,
    reopened) r;
END $$;

CREATE FUNCTION sync.ingest_orders_v1(
  p_batch sync.batch_v1, p_rows sync.order_row_v1[], p_events sync.event_v1[], p_dead_letters sync.dead_letter_v1[],
  OUT applied integer, OUT stale integer, OUT duplicate integer, OUT conflict integer,
  OUT dead_lettered integer, OUT redelivered integer, OUT reopened integer, OUT epoch_started integer
) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  new_keys text[];
  deltas sync.pair_delta_v1[];
  verdicts "char"[];
  mixed_axes boolean[];
  outranking integer;
  updates integer;
  touched text[];
BEGIN
  FOR attempt IN 1 .. 8 LOOP
    verdicts := NULL;
    mixed_axes := NULL;
    touched := NULL;
    BEGIN
      -- 1 new keys
      WITH inserted AS (
        INSERT INTO bo.payment_orders (
          order_id, user_id, merchant_name, amount, status, created_at, updated_at, source_version,
          occurred_at, schema_version, source_enqueued_at, source_partition, source_sequence, ingested_at)
        SELECT s.order_id, s.user_id, s.merchant_name, s.amount, s.status, s.created_at, s.updated_at,
          s.source_version, s.occurred_at, s.schema_version, s.source_enqueued_at, s.source_partition,
          s.source_sequence, clock_timestamp()
        FROM unnest(p_rows) s
        WHERE (SELECT 1 FROM bo.payment_orders t WHERE t.order_id = s.order_id) IS NULL
        RETURNING order_id
      )
      SELECT array_agg(e.order_id),
        array_agg((e.order_id, NULL, NULL, false)::sync.pair_delta_v1 ORDER BY e.order_id COLLATE "C")
      INTO new_keys, deltas
      FROM inserted e;
      EXIT WHEN coalesce(cardinality(new_keys), 0) = cardinality(p_rows);

      -- 2 known keys: compare, update the outranked ones
      SELECT array_agg(c.verdict ORDER BY c.place), array_agg(c.mixed_axes ORDER BY c.place),
        count(*) FILTER (WHERE c.verdict IN ('a', 'D', 'c'))
      INTO verdicts, mixed_axes, outranking
      FROM (
        SELECT s.place,
          CASE WHEN s.order_id IN (SELECT k FROM unnest(new_keys) k) THEN 'n'::"char"
            ELSE sync.verdict_v1(p_batch.version_first,
            s.updated_at, s.source_version, s.source_enqueued_at, s.source_partition, s.source_sequence,
            x.updated_at, x.source_version, x.source_enqueued_at, x.source_partition, x.source_sequence,
            (s.user_id, s.merchant_name, s.amount, s.status, s.created_at)
            IS NOT DISTINCT FROM
            (x.user_id, x.merchant_name, x.amount, x.status, x.created_at)) END AS verdict,
          sync.mixed_axes_v1(p_batch.version_first, s.updated_at, s.source_version, x.updated_at,
            x.source_version) AS mixed_axes
        FROM unnest(p_rows) WITH ORDINALITY AS s(
          order_id, user_id, merchant_name, amount, status, created_at, updated_at, source_version,
          occurred_at, schema_version, source_enqueued_at, source_partition, source_sequence, place)
        CROSS JOIN LATERAL (SELECT * FROM bo.payment_orders t WHERE t.order_id = s.order_id OFFSET 0) x
      ) c;
      EXIT WHEN outranking = 0;

      WITH updated AS (
        INSERT INTO bo.payment_orders AS t (
          order_id, user_id, merchant_name, amount, status, created_at, updated_at, source_version,
          occurred_at, schema_version, source_enqueued_at, source_partition, source_sequence, ingested_at)
        SELECT s.order_id, s.user_id, s.merchant_name, s.amount, s.status, s.created_at, s.updated_at,
          s.source_version, s.occurred_at, s.schema_version, s.source_enqueued_at, s.source_partition,
          s.source_sequence, clock_timestamp()
        FROM ROWS FROM (unnest(p_rows), unnest(verdicts)) AS s(
          order_id, user_id, merchant_name, amount, status, created_at, updated_at, source_version,
          occurred_at, schema_version, source_enqueued_at, source_partition, source_sequence, verdict)
        WHERE s.verdict IN ('a', 'D', 'c')
        ON CONFLICT (order_id) DO UPDATE SET
          user_id = excluded.user_id, merchant_name = excluded.merchant_name, amount = excluded.amount,
          status = excluded.status, created_at = excluded.created_at, updated_at = excluded.updated_at,
          source_version = excluded.source_version, occurred_at = excluded.occurred_at,
          schema_version = excluded.schema_version, source_enqueued_at = excluded.source_enqueued_at,
          source_partition = excluded.source_partition, source_sequence = excluded.source_sequence,
          ingested_at = clock_timestamp()
        WHERE sync.verdict_v1(p_batch.version_first, excluded.updated_at, excluded.source_version,
          excluded.source_enqueued_at, excluded.source_partition, excluded.source_sequence,
          t.updated_at, t.source_version, t.source_enqueued_at, t.source_partition, t.source_sequence,
          (excluded.user_id, excluded.merchant_name, excluded.amount, excluded.status, excluded.created_at)
          IS NOT DISTINCT FROM
          (t.user_id, t.merchant_name, t.amount, t.status, t.created_at)) IN ('a', 'D', 'c')
        RETURNING CASE WHEN (old.amount, scale(old.amount), old.status)
            IS DISTINCT FROM (new.amount, scale(new.amount), new.status) THEN ARRAY[new.order_id] END AS groups
      )
      SELECT count(*), (SELECT array_agg(g.id) FROM updated v, unnest(v.groups) g(id) WHERE g.id IS NOT NULL)
      INTO updates, touched
      FROM updated;
      IF updates <> outranking THEN
        RAISE EXCEPTION 'a newer row overtook the update' USING ERRCODE = 'serialization_failure';
      END IF;
      EXIT;
    EXCEPTION WHEN unique_violation OR serialization_failure THEN
      -- The client starts the batch again: it sees SQLSTATE 40001 as it would see a deadlock.
      IF attempt = 8 THEN
        RAISE EXCEPTION 'the keys of this batch are contended' USING ERRCODE = 'serialization_failure';
      END IF;
    END;
  END LOOP;

  -- 3 pairs
  reopened := 0;
  IF touched IS NOT NULL THEN
    deltas := sync.merge_pair_deltas_v1(deltas || ARRAY(
      SELECT (t.id, NULL, NULL, false)::sync.pair_delta_v1 FROM unnest(touched) t(id)));
  END IF;
  IF deltas IS NOT NULL THEN
    reopened := sync.refresh_pairs_v1(deltas, p_batch);
  END IF;

  -- 4 record
  SELECT r.* INTO applied, stale, duplicate, conflict, dead_lettered, redelivered, epoch_started
  FROM sync.record_batch_v1(p_batch, p_events, p_dead_letters, cardinality(p_rows), verdicts, mixed_axes,
    reopened) r;
END $$;

CREATE FUNCTION sync.ingest_confirmations_v1(
  p_batch sync.batch_v1, p_rows sync.confirmation_row_v1[], p_events sync.event_v1[], p_dead_letters sync.dead_letter_v1[],
  OUT applied integer, OUT stale integer, OUT duplicate integer, OUT conflict integer,
  OUT dead_lettered integer, OUT redelivered integer, OUT reopened integer, OUT epoch_started integer
) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  new_keys text[];
  deltas sync.pair_delta_v1[];
  verdicts "char"[];
  mixed_axes boolean[];
  outranking integer;
  updates integer;
  touched text[];
BEGIN
  FOR attempt IN 1 .. 8 LOOP
    verdicts := NULL;
    mixed_axes := NULL;
    touched := NULL;
    BEGIN
      -- 1 new keys
      WITH inserted AS (
        INSERT INTO sync.pair_confirmations (
          payment_order_id, payment_tx_id, receive_tx_id, payer_wallet_id, payee_wallet_id, amount, status,
          updated_at, source_version, occurred_at, schema_version, source_enqueued_at, source_partition,
          source_sequence, ingested_at)
        SELECT s.payment_order_id, s.payment_tx_id, s.receive_tx_id, s.payer_wallet_id, s.payee_wallet_id,
          s.amount, s.status, s.updated_at, s.source_version, s.occurred_at, s.schema_version,
          s.source_enqueued_at, s.source_partition, s.source_sequence, clock_timestamp()
        FROM unnest(p_rows) s
        WHERE (SELECT 1 FROM sync.pair_confirmations t WHERE t.payment_order_id = s.payment_order_id) IS NULL
        RETURNING payment_order_id
      )
      SELECT array_agg(e.payment_order_id),
        array_agg((e.payment_order_id, NULL, NULL, false)::sync.pair_delta_v1
          ORDER BY e.payment_order_id COLLATE "C")
      INTO new_keys, deltas
      FROM inserted e;
      EXIT WHEN coalesce(cardinality(new_keys), 0) = cardinality(p_rows);

      -- 2 known keys: compare, update the outranked ones
      SELECT array_agg(c.verdict ORDER BY c.place), array_agg(c.mixed_axes ORDER BY c.place),
        count(*) FILTER (WHERE c.verdict IN ('a', 'D', 'c'))
      INTO verdicts, mixed_axes, outranking
      FROM (
        SELECT s.place,
          CASE WHEN s.payment_order_id IN (SELECT k FROM unnest(new_keys) k) THEN 'n'::"char"
            ELSE sync.verdict_v1(p_batch.version_first,
            s.updated_at, s.source_version, s.source_enqueued_at, s.source_partition, s.source_sequence,
            x.updated_at, x.source_version, x.source_enqueued_at, x.source_partition, x.source_sequence,
            (s.payment_tx_id, s.receive_tx_id, s.payer_wallet_id, s.payee_wallet_id, s.amount, s.status)
            IS NOT DISTINCT FROM
            (x.payment_tx_id, x.receive_tx_id, x.payer_wallet_id, x.payee_wallet_id, x.amount, x.status)) END AS verdict,
          sync.mixed_axes_v1(p_batch.version_first, s.updated_at, s.source_version, x.updated_at,
            x.source_version) AS mixed_axes
        FROM unnest(p_rows) WITH ORDINALITY AS s(
          payment_order_id, payment_tx_id, receive_tx_id, payer_wallet_id, payee_wallet_id, amount, status,
          updated_at, source_version, occurred_at, schema_version, source_enqueued_at, source_partition,
          source_sequence, place)
        CROSS JOIN LATERAL (SELECT * FROM sync.pair_confirmations t WHERE t.payment_order_id = s.payment_order_id OFFSET 0) x
      ) c;
      EXIT WHEN outranking = 0;

      WITH updated AS (
        INSERT INTO sync.pair_confirmations AS t (
          payment_order_id, payment_tx_id, receive_tx_id, payer_wallet_id, payee_wallet_id, amount, status,
          updated_at, source_version, occurred_at, schema_version, source_enqueued_at, source_partition,
          source_sequence, ingested_at)
        SELECT s.payment_order_id, s.payment_tx_id, s.receive_tx_id, s.payer_wallet_id, s.payee_wallet_id,
          s.amount, s.status, s.updated_at, s.source_version, s.occurred_at, s.schema_version,
          s.source_enqueued_at, s.source_partition, s.source_sequence, clock_timestamp()
        FROM ROWS FROM (unnest(p_rows), unnest(verdicts)) AS s(
          payment_order_id, payment_tx_id, receive_tx_id, payer_wallet_id, payee_wallet_id, amount, status,
          updated_at, source_version, occurred_at, schema_version, source_enqueued_at, source_partition,
          source_sequence, verdict)
        WHERE s.verdict IN ('a', 'D', 'c')
        ON CONFLICT (payment_order_id) DO UPDATE SET
          payment_tx_id = excluded.payment_tx_id, receive_tx_id = excluded.receive_tx_id,
          payer_wallet_id = excluded.payer_wallet_id, payee_wallet_id = excluded.payee_wallet_id,
          amount = excluded.amount, status = excluded.status, updated_at = excluded.updated_at,
          source_version = excluded.source_version, occurred_at = excluded.occurred_at,
          schema_version = excluded.schema_version, source_enqueued_at = excluded.source_enqueued_at,
          source_partition = excluded.source_partition, source_sequence = excluded.source_sequence,
          ingested_at = clock_timestamp()
        WHERE sync.verdict_v1(p_batch.version_first, excluded.updated_at, excluded.source_version,
          excluded.source_enqueued_at, excluded.source_partition, excluded.source_sequence,
          t.updated_at, t.source_version, t.source_enqueued_at, t.source_partition, t.source_sequence,
          (excluded.payment_tx_id, excluded.receive_tx_id, excluded.payer_wallet_id,
          excluded.payee_wallet_id, excluded.amount, excluded.status)
          IS NOT DISTINCT FROM
          (t.payment_tx_id, t.receive_tx_id, t.payer_wallet_id, t.payee_wallet_id, t.amount, t.status)) IN ('a', 'D', 'c')
        RETURNING ARRAY[new.payment_order_id] AS groups
      )
      SELECT count(*), (SELECT array_agg(g.id) FROM updated v, unnest(v.groups) g(id) WHERE g.id IS NOT NULL)
      INTO updates, touched
      FROM updated;
      IF updates <> outranking THEN
        RAISE EXCEPTION 'a newer row overtook the update' USING ERRCODE = 'serialization_failure';
      END IF;
      EXIT;
    EXCEPTION WHEN unique_violation OR serialization_failure THEN
      -- The client starts the batch again: it sees SQLSTATE 40001 as it would see a deadlock.
      IF attempt = 8 THEN
        RAISE EXCEPTION 'the keys of this batch are contended' USING ERRCODE = 'serialization_failure';
      END IF;
    END;
  END LOOP;

  -- 3 pairs
  reopened := 0;
  IF touched IS NOT NULL THEN
    deltas := sync.merge_pair_deltas_v1(deltas || ARRAY(
      SELECT (t.id, NULL, NULL, false)::sync.pair_delta_v1 FROM unnest(touched) t(id)));
  END IF;
  IF deltas IS NOT NULL THEN
    reopened := sync.refresh_pairs_v1(deltas, p_batch);
  END IF;

  -- 4 record
  SELECT r.* INTO applied, stale, duplicate, conflict, dead_lettered, redelivered, epoch_started
  FROM sync.record_batch_v1(p_batch, p_events, p_dead_letters, cardinality(p_rows), verdicts, mixed_axes,
    reopened) r;
END $$;
