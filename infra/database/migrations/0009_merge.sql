-- Up Migration

-- The merge of rows becomes a function of its own (sync.merge_..._v1: steps 1 to 3 of sync.ingest_..._v1), which a
-- backfill calls as well: what is loaded from a dump is guarded by the same text as the stream. Only the functions that
-- clients call set the planner's settings; those that they call inherit them.
ALTER FUNCTION sync.refresh_pairs_v1 RESET ALL;
ALTER FUNCTION sync.recompute_pairs_v1 RESET ALL;
ALTER FUNCTION sync.record_batch_v1 RESET ALL;

-- Inserts new keys, updates outranked rows, and refreshes the pairs whose inputs changed: see 0005. verdicts: of each
-- row, NULL where all of them are new. reopened: pairs that were complete and no longer are.
CREATE FUNCTION sync.merge_ledger_v1(
  p_batch sync.batch_v1, p_rows sync.ledger_row_v1[],
  OUT verdicts "char"[], OUT mixed_axes boolean[], OUT reopened integer
) LANGUAGE plpgsql
AS $$
DECLARE
  new_keys text[];
  deltas sync.pair_delta_v1[];
  orders integer;
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
END $$;

CREATE FUNCTION sync.merge_orders_v1(
  p_batch sync.batch_v1, p_rows sync.order_row_v1[],
  OUT verdicts "char"[], OUT mixed_axes boolean[], OUT reopened integer
) LANGUAGE plpgsql
AS $$
DECLARE
  new_keys text[];
  deltas sync.pair_delta_v1[];
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
END $$;

CREATE FUNCTION sync.merge_confirmations_v1(
  p_batch sync.batch_v1, p_rows sync.confirmation_row_v1[],
  OUT verdicts "char"[], OUT mixed_axes boolean[], OUT reopened integer
) LANGUAGE plpgsql
AS $$
DECLARE
  new_keys text[];
  deltas sync.pair_delta_v1[];
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
END $$;

CREATE OR REPLACE FUNCTION sync.ingest_ledger_v1(
  p_batch sync.batch_v1, p_rows sync.ledger_row_v1[], p_events sync.event_v1[], p_dead_letters sync.dead_letter_v1[],
  OUT applied integer, OUT stale integer, OUT duplicate integer, OUT conflict integer,
  OUT dead_lettered integer, OUT redelivered integer, OUT reopened integer, OUT epoch_started integer
) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  verdicts "char"[];
  mixed_axes boolean[];
BEGIN
  SELECT m.* INTO verdicts, mixed_axes, reopened FROM sync.merge_ledger_v1(p_batch, p_rows) m;
  SELECT r.* INTO applied, stale, duplicate, conflict, dead_lettered, redelivered, epoch_started
  FROM sync.record_batch_v1(p_batch, p_events, p_dead_letters, cardinality(p_rows), verdicts, mixed_axes,
    reopened) r;
END $$;

CREATE OR REPLACE FUNCTION sync.ingest_orders_v1(
  p_batch sync.batch_v1, p_rows sync.order_row_v1[], p_events sync.event_v1[], p_dead_letters sync.dead_letter_v1[],
  OUT applied integer, OUT stale integer, OUT duplicate integer, OUT conflict integer,
  OUT dead_lettered integer, OUT redelivered integer, OUT reopened integer, OUT epoch_started integer
) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  verdicts "char"[];
  mixed_axes boolean[];
BEGIN
  SELECT m.* INTO verdicts, mixed_axes, reopened FROM sync.merge_orders_v1(p_batch, p_rows) m;
  SELECT r.* INTO applied, stale, duplicate, conflict, dead_lettered, redelivered, epoch_started
  FROM sync.record_batch_v1(p_batch, p_events, p_dead_letters, cardinality(p_rows), verdicts, mixed_axes,
    reopened) r;
END $$;

CREATE OR REPLACE FUNCTION sync.ingest_confirmations_v1(
  p_batch sync.batch_v1, p_rows sync.confirmation_row_v1[], p_events sync.event_v1[], p_dead_letters sync.dead_letter_v1[],
  OUT applied integer, OUT stale integer, OUT duplicate integer, OUT conflict integer,
  OUT dead_lettered integer, OUT redelivered integer, OUT reopened integer, OUT epoch_started integer
) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  verdicts "char"[];
  mixed_axes boolean[];
BEGIN
  SELECT m.* INTO verdicts, mixed_axes, reopened FROM sync.merge_confirmations_v1(p_batch, p_rows) m;
  SELECT r.* INTO applied, stale, duplicate, conflict, dead_lettered, redelivered, epoch_started
  FROM sync.record_batch_v1(p_batch, p_events, p_dead_letters, cardinality(p_rows), verdicts, mixed_axes,
    reopened) r;
END $$;

CREATE OR REPLACE FUNCTION sync.record_batch_v1(
  p_batch sync.batch_v1, p_events sync.event_v1[], p_dead_letters sync.dead_letter_v1[], p_rows integer,
  p_verdicts "char"[], p_mixed_axes boolean[], p_reopened integer,
  OUT applied integer, OUT stale integer, OUT duplicate integer, OUT conflict integer,
  OUT dead_lettered integer, OUT redelivered integer, OUT epoch_started integer
) LANGUAGE plpgsql
AS $$
DECLARE
  batch_epoch record;
  first_deliveries boolean[];
  -- Of first deliveries only: what is added to the counters.
  once sync.hourly_counters;
BEGIN
  INSERT INTO bo.consumer_dlq_events (topic, partition, "offset", sequence_number, enqueued_at, key, payload,
    error, error_detail, profile_id, correlation_id)
  SELECT p_batch.topic, p_batch.partition, d."offset", (p_events[d.event_number]).sequence_number,
    (p_events[d.event_number]).enqueued_at, d.key, d.payload, d.error, d.error_detail, p_batch.profile_id,
    d.correlation_id
  FROM unnest(p_dead_letters) d
  ON CONFLICT ON CONSTRAINT consumer_dlq_events_position DO NOTHING;

  -- Nearly always the batch goes on where the partition stopped: numbers above all that were seen, in order, at no
  -- earlier time. That is no other epoch, and no number is seen again.
  UPDATE sync.partitions t SET
    seen = t.seen + int8multirange(int8range(p_batch.first_number, p_batch.last_number, '[]')),
    last_enqueued_at = p_batch.latest_enqueued_at,
    event_watermark = greatest(t.event_watermark, p_batch.event_watermark),
    publish_watermark = greatest(t.publish_watermark, p_batch.publish_watermark),
    updated_at = now()
  WHERE t.topic = p_batch.topic AND t.partition = p_batch.partition AND p_batch.contiguous
    AND p_batch.first_number >= upper(t.seen) AND p_batch.earliest_enqueued_at >= t.last_enqueued_at;
  IF NOT FOUND THEN
    SELECT * INTO batch_epoch FROM sync.epoch_of_batch_v1(p_batch, p_events);
    epoch_started := CASE WHEN batch_epoch.started THEN batch_epoch.epoch END;
    first_deliveries := sync.mark_seen_v1(p_batch, p_events, batch_epoch.epoch, batch_epoch.is_current);
  END IF;

  IF first_deliveries IS NULL AND p_verdicts IS NULL THEN
    -- All new: the client has counted already.
    applied := p_rows;
    stale := p_batch.stale;
    duplicate := p_batch.duplicate;
    conflict := p_batch.conflict;
    dead_lettered := p_batch.dead_lettered;
    redelivered := 0;
    once.applied := applied;
    once.stale := stale;
    once.duplicate := duplicate;
    once.conflict := conflict;
    once.dead_lettered := dead_lettered;
    once.version_missing := p_batch.version_missing;
    once.alias_hit := p_batch.alias_hit;
    once.core_violation := p_batch.core_violation;
    once.key_mismatch := p_batch.key_mismatch;
    once.mixed_axes := p_batch.mixed_axes;
    once.pairing_skipped := p_batch.pairing_skipped;
    once.related_id_null := p_batch.related_id_null;
  ELSE
    WITH deliveries AS (
      SELECT e.flags, coalesce(e.is_first, true) AS is_first,
        coalesce(p_mixed_axes[e.row_number], false) AS mixed_axes,
        CASE
          WHEN e.verdict = 'x' THEN 'x'
          WHEN e.verdict = 'w' THEN CASE coalesce(p_verdicts[e.row_number], 'n')
            WHEN 'n' THEN 'a' WHEN 'D' THEN 'd' WHEN 'C' THEN 'c' ELSE p_verdicts[e.row_number] END
          WHEN p_verdicts[e.row_number] = 's' THEN 's'
          WHEN p_verdicts[e.row_number] = 'C' AND e.verdict = 'd' THEN 'c'
          ELSE e.verdict
        END AS outcome
      FROM ROWS FROM (unnest(p_events), unnest(first_deliveries))
        AS e(sequence_number, enqueued_at, row_number, verdict, flags, is_first)
    )
    SELECT count(*) FILTER (WHERE outcome = 'a'), count(*) FILTER (WHERE outcome = 's'),
      count(*) FILTER (WHERE outcome = 'd'), count(*) FILTER (WHERE outcome = 'c'),
      count(*) FILTER (WHERE outcome = 'x'), count(*) FILTER (WHERE NOT is_first),
      count(*) FILTER (WHERE is_first AND outcome = 'a'),
      count(*) FILTER (WHERE is_first AND outcome = 's'),
      count(*) FILTER (WHERE is_first AND outcome = 'd'),
      count(*) FILTER (WHERE is_first AND outcome = 'c'),
      count(*) FILTER (WHERE is_first AND outcome = 'x'),
      count(*) FILTER (WHERE is_first AND flags & 1 > 0),
      count(*) FILTER (WHERE is_first AND flags & 2 > 0),
      count(*) FILTER (WHERE is_first AND flags & 4 > 0),
      count(*) FILTER (WHERE is_first AND flags & 8 > 0),
      count(*) FILTER (WHERE is_first AND (flags & 16 > 0 OR mixed_axes)),
      count(*) FILTER (WHERE is_first AND flags & 32 > 0),
      count(*) FILTER (WHERE is_first AND flags & 64 > 0)
    INTO applied, stale, duplicate, conflict, dead_lettered, redelivered,
      once.applied, once.stale, once.duplicate, once.conflict, once.dead_lettered, once.version_missing,
      once.alias_hit, once.core_violation, once.key_mismatch, once.mixed_axes, once.pairing_skipped,
      once.related_id_null
    FROM deliveries;
  END IF;
  once.topic := p_batch.topic;
  once.partition := p_batch.partition;
  once.hour := date_trunc('hour', now(), 'UTC');
  once.profile_id := p_batch.profile_id;
  once.redelivered := redelivered;
  once.pairs_reopened := p_reopened;
  INSERT INTO sync.hourly_counters AS t SELECT (once).*
  ON CONFLICT (topic, partition, hour, profile_id) DO UPDATE SET
    applied = t.applied + excluded.applied, stale = t.stale + excluded.stale,
    duplicate = t.duplicate + excluded.duplicate, conflict = t.conflict + excluded.conflict,
    dead_lettered = t.dead_lettered + excluded.dead_lettered, redelivered = t.redelivered + excluded.redelivered,
    version_missing = t.version_missing + excluded.version_missing, alias_hit = t.alias_hit + excluded.alias_hit,
    core_violation = t.core_violation + excluded.core_violation,
    key_mismatch = t.key_mismatch + excluded.key_mismatch, mixed_axes = t.mixed_axes + excluded.mixed_axes,
    pairing_skipped = t.pairing_skipped + excluded.pairing_skipped,
    related_id_null = t.related_id_null + excluded.related_id_null,
    pairs_reopened = t.pairs_reopened + excluded.pairs_reopened;

  IF once.dead_lettered > 0 THEN
    INSERT INTO sync.hourly_dead_letters AS t (topic, partition, hour, error, events)
    SELECT p_batch.topic, p_batch.partition, once.hour, d.error, count(*)
    FROM unnest(p_dead_letters) d WHERE coalesce(first_deliveries[d.event_number], true)
    GROUP BY d.error ORDER BY d.error
    ON CONFLICT (topic, partition, hour, error) DO UPDATE SET events = t.events + excluded.events;
  END IF;
END $$;

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

-- Moves a backfill on by a range of lines. p_verdicts as of sync.merge_..._v1; rows that lost inside the batch are
-- counted by the client.
CREATE FUNCTION sync.record_backfill_v1(
  p_batch sync.batch_v1, p_rows integer, p_verdicts "char"[], p_backfill text, p_lines int8range, p_refused jsonb
) RETURNS void LANGUAGE sql
BEGIN ATOMIC
  UPDATE sync.backfills b SET
    done = b.done + int8multirange(p_lines),
    applied = b.applied + CASE WHEN p_verdicts IS NULL THEN p_rows ELSE v.applied END,
    stale = b.stale + v.stale + p_batch.stale,
    duplicate = b.duplicate + v.duplicate + p_batch.duplicate,
    conflict = b.conflict + v.conflict + p_batch.conflict,
    refused = b.refused || p_refused,
    updated_at = now()
  FROM (
    SELECT count(*) FILTER (WHERE verdict IN ('n', 'a')) AS applied, count(*) FILTER (WHERE verdict = 's') AS stale,
      count(*) FILTER (WHERE verdict IN ('d', 'D')) AS duplicate,
      count(*) FILTER (WHERE verdict IN ('c', 'C')) AS conflict
    FROM unnest(p_verdicts) verdict
  ) v
  WHERE b.backfill_id = p_backfill;
END;

CREATE FUNCTION sync.backfill_ledger_v1(
  p_batch sync.batch_v1, p_rows sync.ledger_row_v1[], p_backfill text, p_lines int8range, p_refused jsonb
) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  merged record;
BEGIN
  SELECT * INTO merged FROM sync.merge_ledger_v1(p_batch, p_rows);
  PERFORM sync.record_backfill_v1(p_batch, cardinality(p_rows), merged.verdicts, p_backfill, p_lines, p_refused);
END $$;

CREATE FUNCTION sync.backfill_orders_v1(
  p_batch sync.batch_v1, p_rows sync.order_row_v1[], p_backfill text, p_lines int8range, p_refused jsonb
) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  merged record;
BEGIN
  SELECT * INTO merged FROM sync.merge_orders_v1(p_batch, p_rows);
  PERFORM sync.record_backfill_v1(p_batch, cardinality(p_rows), merged.verdicts, p_backfill, p_lines, p_refused);
END $$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA sync FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sync.merge_ledger_v1, sync.merge_orders_v1, sync.merge_confirmations_v1
  TO bo_sync, bo_operator;
GRANT EXECUTE ON FUNCTION sync.record_backfill_v1, sync.backfill_ledger_v1, sync.backfill_orders_v1 TO bo_operator;
GRANT SELECT, INSERT, UPDATE ON sync.backfills TO bo_operator;
GRANT SELECT ON sync.backfills TO bo_sync;
