-- Up Migration

-- The ingest again, cheaper and with fewer parts:
--   A delivery that is its key's row is sent once: as the row, which has its position. p_flags: of each row, NULL where
--   all are 0. p_others: the deliveries that lost inside the batch, and dead letters, whose event_number is a place among
--   these.
--   Pairs are brought forward from the rows themselves and their verdicts; nothing is packed and unpacked in between.
--   Where a partition brings new keys only, nobody looks for them first.

ALTER TABLE sync.partitions ADD COLUMN new_batches smallint NOT NULL DEFAULT 0;
COMMENT ON COLUMN sync.partitions.new_batches IS
  'Of the last batches that went on where the partition stopped, how many in a row brought new keys only; up to 10';

-- Whether a batch goes on where its partition stopped: numbers above all that were seen, in order, at no earlier time.
-- That is no other epoch, and no number is seen again.
CREATE FUNCTION sync.goes_on_v1(p_batch sync.batch_v1, seen int8multirange, last_enqueued_at timestamptz)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (p_batch).contiguous AND (p_batch).first_number >= upper(seen)
  AND (p_batch).earliest_enqueued_at >= last_enqueued_at;

-- Whether the rows of a batch are most likely all new: it goes on where the partition stopped, and the last ten batches
-- that did so brought new keys only. Then they are inserted without a look whether they are known, which saves 5 % of all
-- work; where one is known after all, the unique index says so, and the batch begins anew. Ten, so that this is rare even
-- where every few batches hold a known key.
CREATE FUNCTION sync.expects_new_keys_v1(p_batch sync.batch_v1) RETURNS boolean LANGUAGE sql STABLE
RETURN coalesce((
  SELECT t.new_batches >= 10 AND sync.goes_on_v1(p_batch, t.seen, t.last_enqueued_at)
  FROM sync.partitions t WHERE t.topic = p_batch.topic AND t.partition = p_batch.partition
), false);

-- Brings pairs up to date with their three inputs (SPEC 5). Runs in the transaction that changed an input, after
-- that change. Returns how many pairs were complete and no longer are. p_entries, p_verdicts: those of a ledger batch,
-- whose new entries are added; p_ids: pairs of which anything else may have changed.
--
-- The two entries of a payment arrive on different partitions, so each transaction has to see what the other one
-- committed: first the pair's row is locked, then a NEW statement, with a snapshot taken after the lock, computes. One
-- statement takes all locks, in the order of the ids: one order of locks for everyone. Where there is no row yet, one
-- is inserted: only a unique index makes two transactions meet that bring the first two inputs.
--
-- Most entries are the first or the second one of their payment. Those are added by the locking statement itself:
-- the row that ON CONFLICT finds is the latest committed one, and it says all about the group's other entry. A row
-- that is inserted means a group without other entries: a row exists wherever there is an entry or a confirmation.
CREATE FUNCTION sync.refresh_pairs_v2(
  p_batch sync.batch_v1, p_entries sync.ledger_row_v1[], p_verdicts "char"[], p_ids text[]
) RETURNS integer LANGUAGE plpgsql
AS $$
DECLARE
  outdated text[];
  inserted text[];
  orders_seen text[];
BEGIN
  -- 1 lock all, add what can be added. OFFSET 0 keeps each look-up a look-up: made into a join, it can become a scan
  -- of the whole table.
  WITH changes AS MATERIALIZED (
    SELECT c.id,
      -- New entries and nothing else, at most one of each kind: they can be added without reading the group again.
      bool_and(c.is_payment IS NOT NULL) AND count(*) FILTER (WHERE c.is_payment) <= 1
        AND count(*) FILTER (WHERE NOT c.is_payment) <= 1 AS additive,
      count(*) FILTER (WHERE c.is_payment)::integer AS payment_count,
      count(*) FILTER (WHERE NOT c.is_payment)::integer AS receive_count,
      any_value(c.tx_id) FILTER (WHERE c.is_payment) AS payment_tx_id,
      any_value(c.tx_id) FILTER (WHERE NOT c.is_payment) AS receive_tx_id,
      any_value(c.wallet_id) FILTER (WHERE c.is_payment) AS payer_wallet_id,
      any_value(c.wallet_id) FILTER (WHERE NOT c.is_payment) AS payee_wallet_id,
      any_value(c.amount) FILTER (WHERE c.is_payment) AS payment_amount,
      any_value(c.amount) FILTER (WHERE NOT c.is_payment) AS receive_amount,
      max(c.event_time) AS event_time
    FROM (
      SELECT sync.pair_group_v1(p_batch, s.entry_type, s.related_type, s.related_id) COLLATE "C" AS id,
        s.entry_type = p_batch.payment_entry_type AS is_payment, s.tx_id, s.wallet_id, s.amount, s.event_time
      FROM ROWS FROM (unnest(p_entries), unnest(p_verdicts)) AS s(
        tx_id, wallet_id, entry_type, amount, amount_signed, related_id, related_type, event_time,
        created_at, updated_at, source_version, occurred_at, schema_version, source_enqueued_at,
        source_partition, source_sequence, verdict)
      WHERE coalesce(s.verdict, 'n') = 'n'
      UNION ALL
      SELECT i.id, NULL, NULL, NULL, NULL, NULL FROM unnest(p_ids) i(id)
    ) c
    WHERE c.id IS NOT NULL GROUP BY c.id
  ), locked AS (
    INSERT INTO bo.payment_ledger_pairs AS p (payment_order_id, payment_tx_id, receive_tx_id, payer_wallet_id,
      payee_wallet_id, amount, status, event_time, pairing_status, mismatch, confirmed, ordered, payment_count,
      receive_count, payment_amount, receive_amount, updated_at, ingested_at)
    SELECT d.id, d.payment_tx_id, d.receive_tx_id, d.payer_wallet_id, d.payee_wallet_id,
      coalesce(o.amount, d.payment_amount, d.receive_amount), o.status, d.event_time,
      CASE WHEN d.additive AND d.payment_count + d.receive_count = 2 THEN 'COMPLETE' ELSE 'INCOMPLETE' END,
      coalesce(abs(d.payment_amount) <> abs(d.receive_amount), false), false, o.amount IS NOT NULL,
      CASE WHEN d.additive THEN d.payment_count ELSE 0 END, CASE WHEN d.additive THEN d.receive_count ELSE 0 END,
      d.payment_amount, d.receive_amount, clock_timestamp(), clock_timestamp()
    FROM changes d
    LEFT JOIN LATERAL (
      SELECT x.amount, x.status FROM bo.payment_orders x WHERE x.order_id = d.id OFFSET 0
    ) o ON d.additive
    ORDER BY d.id
    ON CONFLICT (payment_order_id) DO UPDATE SET
      payment_tx_id = coalesce(p.payment_tx_id, excluded.payment_tx_id),
      receive_tx_id = coalesce(p.receive_tx_id, excluded.receive_tx_id),
      payer_wallet_id = coalesce(p.payer_wallet_id, excluded.payer_wallet_id),
      payee_wallet_id = coalesce(p.payee_wallet_id, excluded.payee_wallet_id),
      amount = CASE WHEN p.ordered THEN p.amount ELSE coalesce(p.payment_amount, excluded.payment_amount,
        p.receive_amount, excluded.receive_amount) END,
      event_time = greatest(p.event_time, excluded.event_time),
      pairing_status = CASE WHEN p.payment_count + p.receive_count + excluded.payment_count
        + excluded.receive_count = 2 THEN 'COMPLETE' ELSE 'INCOMPLETE' END,
      mismatch = coalesce(abs(coalesce(p.payment_amount, excluded.payment_amount))
        <> abs(coalesce(p.receive_amount, excluded.receive_amount)), false),
      payment_count = p.payment_count + excluded.payment_count,
      receive_count = p.receive_count + excluded.receive_count,
      payment_amount = coalesce(p.payment_amount, excluded.payment_amount),
      receive_amount = coalesce(p.receive_amount, excluded.receive_amount),
      updated_at = clock_timestamp(), ingested_at = clock_timestamp()
    -- Locks the row that it finds, also where it leaves it alone.
    WHERE excluded.payment_count + excluded.receive_count > 0 AND NOT p.confirmed
      AND p.payment_count + excluded.payment_count <= 1 AND p.receive_count + excluded.receive_count <= 1
    RETURNING p.payment_order_id AS id, p.payment_count + p.receive_count > 0 AS added,
      old.payment_order_id IS NULL AS inserted,
      CASE WHEN p.ordered THEN p.amount || ' ' || p.status END AS order_seen
  )
  SELECT (SELECT array_agg(d.id) FROM changes d WHERE d.id NOT IN (SELECT l.id FROM locked l WHERE l.added)),
    array_agg(n.id), array_agg(n.order_seen)
  INTO outdated, inserted, orders_seen
  FROM locked n WHERE n.added AND n.inserted;

  -- 2 of what was inserted, the look-up of the order was older than the lock: did one come in between?
  IF inserted IS NOT NULL THEN
    SELECT outdated || array_agg(i.id) INTO outdated
    FROM unnest(inserted, orders_seen) i(id, order_seen)
    WHERE (SELECT x.amount || ' ' || x.status FROM bo.payment_orders x WHERE x.order_id = i.id)
      IS DISTINCT FROM i.order_seen;
  END IF;

  -- 3 the others are computed from their inputs.
  IF outdated IS NULL THEN
    RETURN 0;
  END IF;
  RETURN sync.recompute_pairs_v1(outdated, p_batch);
END $$;

-- Inserts new keys, updates outranked rows, and refreshes the pairs whose inputs changed (0005 says why like this).
-- p_rows: one a key, sorted by key. p_expect_new: the first attempt does not look whether a key is known. verdicts: of
-- each row (sync.verdict_v1; n: a new key), NULL where all of them are new. reopened: pairs that were complete and no
-- longer are.
CREATE FUNCTION sync.merge_ledger_v2(
  p_batch sync.batch_v1, p_rows sync.ledger_row_v1[], p_expect_new boolean,
  OUT verdicts "char"[], OUT mixed_axes boolean[], OUT reopened integer
) LANGUAGE plpgsql
AS $$
DECLARE
  known text[];
  all_known boolean;
  outranking integer;
  updates integer;
  touched text[];
BEGIN
  FOR attempt IN 1 .. 8 LOOP
    verdicts := NULL;
    mixed_axes := NULL;
    known := NULL;
    touched := NULL;
    BEGIN
      -- 1 new keys
      IF attempt > 1 OR NOT p_expect_new THEN
        -- The filter keeps all: with a column outside of every index, none can be read whole in place of the table.
        SELECT array_agg(t.tx_id) FILTER (WHERE t.source_sequence IS NOT NULL) INTO known FROM bo.ledger_entries t
        WHERE t.tx_id = ANY (ARRAY(SELECT s.tx_id FROM unnest(p_rows) s));
      END IF;
      all_known := coalesce(cardinality(known), 0) = cardinality(p_rows);
      IF NOT all_known THEN
        INSERT INTO bo.ledger_entries (
          tx_id, wallet_id, entry_type, amount, amount_signed, related_id, related_type, event_time,
          created_at, updated_at, source_version, occurred_at, schema_version, source_enqueued_at,
          source_partition, source_sequence, ingested_at)
        SELECT s.tx_id, s.wallet_id, s.entry_type, s.amount, s.amount_signed, s.related_id, s.related_type,
          s.event_time, s.created_at, s.updated_at, s.source_version, s.occurred_at, s.schema_version,
          s.source_enqueued_at, s.source_partition, s.source_sequence, clock_timestamp()
        FROM unnest(p_rows) s
        WHERE known IS NULL OR s.tx_id NOT IN (SELECT k FROM unnest(known) k);
      END IF;
      EXIT WHEN known IS NULL;

      -- 2 known keys: compare, update the outranked ones
      SELECT array_agg(c.verdict ORDER BY c.place), array_agg(c.mixed_axes ORDER BY c.place),
        count(*) FILTER (WHERE c.verdict IN ('a', 'D', 'c'))
      INTO verdicts, mixed_axes, outranking
      FROM (
        SELECT s.place,
          CASE WHEN NOT all_known AND s.tx_id NOT IN (SELECT k FROM unnest(known) k) THEN 'n'::"char"
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
  IF touched IS NOT NULL OR NOT all_known THEN
    reopened := sync.refresh_pairs_v2(p_batch, p_rows, verdicts, touched);
  END IF;
END $$;

CREATE FUNCTION sync.merge_orders_v2(
  p_batch sync.batch_v1, p_rows sync.order_row_v1[], p_expect_new boolean,
  OUT verdicts "char"[], OUT mixed_axes boolean[], OUT reopened integer
) LANGUAGE plpgsql
AS $$
DECLARE
  known text[];
  all_known boolean;
  outranking integer;
  updates integer;
  touched text[];
BEGIN
  FOR attempt IN 1 .. 8 LOOP
    verdicts := NULL;
    mixed_axes := NULL;
    known := NULL;
    touched := NULL;
    BEGIN
      -- 1 new keys
      IF attempt > 1 OR NOT p_expect_new THEN
        SELECT array_agg(t.order_id) INTO known FROM bo.payment_orders t
        WHERE t.order_id = ANY (ARRAY(SELECT s.order_id FROM unnest(p_rows) s));
      END IF;
      all_known := coalesce(cardinality(known), 0) = cardinality(p_rows);
      IF NOT all_known THEN
        INSERT INTO bo.payment_orders (
          order_id, user_id, merchant_name, amount, status, created_at, updated_at, source_version,
          occurred_at, schema_version, source_enqueued_at, source_partition, source_sequence, ingested_at)
        SELECT s.order_id, s.user_id, s.merchant_name, s.amount, s.status, s.created_at, s.updated_at,
          s.source_version, s.occurred_at, s.schema_version, s.source_enqueued_at, s.source_partition,
          s.source_sequence, clock_timestamp()
        FROM unnest(p_rows) s
        WHERE known IS NULL OR s.order_id NOT IN (SELECT k FROM unnest(known) k);
      END IF;
      EXIT WHEN known IS NULL;

      -- 2 known keys: compare, update the outranked ones
      SELECT array_agg(c.verdict ORDER BY c.place), array_agg(c.mixed_axes ORDER BY c.place),
        count(*) FILTER (WHERE c.verdict IN ('a', 'D', 'c'))
      INTO verdicts, mixed_axes, outranking
      FROM (
        SELECT s.place,
          CASE WHEN NOT all_known AND s.order_id NOT IN (SELECT k FROM unnest(known) k) THEN 'n'::"char"
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
  IF NOT all_known THEN
    touched := touched || ARRAY(SELECT s.order_id FROM unnest(p_rows) s
      WHERE known IS NULL OR s.order_id NOT IN (SELECT k FROM unnest(known) k));
  END IF;
  IF touched IS NOT NULL THEN
    reopened := sync.refresh_pairs_v2(p_batch, NULL, NULL, touched);
  END IF;
END $$;

CREATE FUNCTION sync.merge_confirmations_v2(
  p_batch sync.batch_v1, p_rows sync.confirmation_row_v1[], p_expect_new boolean,
  OUT verdicts "char"[], OUT mixed_axes boolean[], OUT reopened integer
) LANGUAGE plpgsql
AS $$
DECLARE
  known text[];
  all_known boolean;
  outranking integer;
  updates integer;
  touched text[];
BEGIN
  FOR attempt IN 1 .. 8 LOOP
    verdicts := NULL;
    mixed_axes := NULL;
    known := NULL;
    touched := NULL;
    BEGIN
      -- 1 new keys
      IF attempt > 1 OR NOT p_expect_new THEN
        SELECT array_agg(t.payment_order_id) INTO known FROM sync.pair_confirmations t
        WHERE t.payment_order_id = ANY (ARRAY(SELECT s.payment_order_id FROM unnest(p_rows) s));
      END IF;
      all_known := coalesce(cardinality(known), 0) = cardinality(p_rows);
      IF NOT all_known THEN
        INSERT INTO sync.pair_confirmations (
          payment_order_id, payment_tx_id, receive_tx_id, payer_wallet_id, payee_wallet_id, amount, status,
          updated_at, source_version, occurred_at, schema_version, source_enqueued_at, source_partition,
          source_sequence, ingested_at)
        SELECT s.payment_order_id, s.payment_tx_id, s.receive_tx_id, s.payer_wallet_id, s.payee_wallet_id,
          s.amount, s.status, s.updated_at, s.source_version, s.occurred_at, s.schema_version,
          s.source_enqueued_at, s.source_partition, s.source_sequence, clock_timestamp()
        FROM unnest(p_rows) s
        WHERE known IS NULL OR s.payment_order_id NOT IN (SELECT k FROM unnest(known) k);
      END IF;
      EXIT WHEN known IS NULL;

      -- 2 known keys: compare, update the outranked ones
      SELECT array_agg(c.verdict ORDER BY c.place), array_agg(c.mixed_axes ORDER BY c.place),
        count(*) FILTER (WHERE c.verdict IN ('a', 'D', 'c'))
      INTO verdicts, mixed_axes, outranking
      FROM (
        SELECT s.place,
          CASE WHEN NOT all_known AND s.payment_order_id NOT IN (SELECT k FROM unnest(known) k) THEN 'n'::"char"
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
  IF NOT all_known THEN
    touched := touched || ARRAY(SELECT s.payment_order_id FROM unnest(p_rows) s
      WHERE known IS NULL OR s.payment_order_id NOT IN (SELECT k FROM unnest(known) k));
  END IF;
  IF touched IS NOT NULL THEN
    reopened := sync.refresh_pairs_v2(p_batch, NULL, NULL, touched);
  END IF;
END $$;

-- As before (0008, 0004), without a look at each event where the whole batch was seen before, which is what a host that
-- starts again is given first.
CREATE OR REPLACE FUNCTION sync.epoch_of_batch_v1(
  p_batch sync.batch_v1, p_events sync.event_v1[], OUT epoch integer, OUT is_current boolean, OUT started boolean
) LANGUAGE plpgsql AS $$
DECLARE
  ledger sync.partitions;
  closed integer;
BEGIN
  started := false;
  LOOP
    SELECT * INTO ledger FROM sync.partitions t
    WHERE t.topic = p_batch.topic AND t.partition = p_batch.partition FOR UPDATE;
    EXIT WHEN FOUND;
    INSERT INTO sync.partitions (topic, partition) VALUES (p_batch.topic, p_batch.partition)
    ON CONFLICT DO NOTHING;
  END LOOP;
  SELECT min(t.epoch) INTO closed FROM sync.closed_epochs t
  WHERE t.topic = p_batch.topic AND t.partition = p_batch.partition
    AND (t.last_enqueued_at >= p_batch.latest_enqueued_at
      OR (p_batch.first_number >= upper(t.seen) AND p_batch.latest_enqueued_at < CASE
        WHEN t.epoch = ledger.epoch - 1 THEN ledger.first_enqueued_at
        ELSE (SELECT n.first_enqueued_at FROM sync.closed_epochs n
          WHERE n.topic = t.topic AND n.partition = t.partition AND n.epoch = t.epoch + 1) END));
  IF closed IS NOT NULL THEN
    epoch := closed;
    is_current := false;
    RETURN;
  END IF;
  IF NOT isempty(ledger.seen) AND p_batch.first_number < upper(ledger.seen)
    AND p_batch.latest_enqueued_at > ledger.last_enqueued_at AND EXISTS (
    SELECT FROM unnest(p_events) e
    WHERE (e.sequence_number < lower(ledger.seen) OR ledger.seen @> e.sequence_number)
      AND e.enqueued_at > ledger.last_enqueued_at
  ) THEN
    INSERT INTO sync.closed_epochs (topic, partition, epoch, seen, first_enqueued_at, last_enqueued_at)
    VALUES (ledger.topic, ledger.partition, ledger.epoch, ledger.seen, ledger.first_enqueued_at,
      ledger.last_enqueued_at);
    UPDATE sync.partitions t SET epoch = ledger.epoch + 1, seen = '{}', first_enqueued_at = 'infinity',
      last_enqueued_at = '-infinity'
    WHERE t.topic = ledger.topic AND t.partition = ledger.partition;
    ledger.epoch := ledger.epoch + 1;
    started := true;
  END IF;
  epoch := ledger.epoch;
  is_current := true;
END $$;

CREATE OR REPLACE FUNCTION sync.mark_seen_v1(
  p_batch sync.batch_v1, p_events sync.event_v1[], p_epoch integer, p_is_current boolean
) RETURNS boolean[] LANGUAGE plpgsql AS $$
DECLARE
  numbers int8multirange;
  before int8multirange;
  first_deliveries boolean[];
BEGIN
  IF p_batch.contiguous THEN
    numbers := int8multirange(int8range(p_batch.first_number, p_batch.last_number, '[]'));
  ELSE
    SELECT range_agg(int8range(e.sequence_number, e.sequence_number, '[]')) INTO numbers
    FROM unnest(p_events) e;
  END IF;
  IF p_is_current THEN
    UPDATE sync.partitions t SET
      seen = t.seen + numbers,
      first_enqueued_at = least(t.first_enqueued_at, p_batch.earliest_enqueued_at),
      last_enqueued_at = greatest(t.last_enqueued_at, p_batch.latest_enqueued_at),
      event_watermark = greatest(t.event_watermark, p_batch.event_watermark),
      publish_watermark = greatest(t.publish_watermark, p_batch.publish_watermark),
      updated_at = now()
    WHERE t.topic = p_batch.topic AND t.partition = p_batch.partition
    RETURNING old.seen INTO before;
  ELSE
    UPDATE sync.closed_epochs t SET seen = t.seen + numbers,
      last_enqueued_at = greatest(t.last_enqueued_at, p_batch.latest_enqueued_at)
    WHERE t.topic = p_batch.topic AND t.partition = p_batch.partition AND t.epoch = p_epoch
    RETURNING old.seen INTO before;
  END IF;
  IF p_batch.contiguous AND NOT before && numbers THEN
    RETURN NULL;
  END IF;
  IF p_batch.contiguous AND before @> numbers THEN
    RETURN array_fill(false, ARRAY[cardinality(p_events)]);
  END IF;
  SELECT array_agg(NOT before @> e.number AND e.nth = 1 ORDER BY e.place) INTO first_deliveries
  FROM (
    SELECT u.sequence_number AS number, u.place, row_number() OVER (
      PARTITION BY u.sequence_number ORDER BY u.place) AS nth
    FROM unnest(p_events) WITH ORDINALITY u(sequence_number, enqueued_at, row_number, verdict, flags, place)
  ) e;
  RETURN first_deliveries;
END $$;

-- Writes what a batch leaves besides its rows: dead letters, the sequence ledger, watermarks, counters. Runs last
-- in the transaction: the partition's row is the last lock that is taken.
--
-- p_verdicts, p_mixed_axes: of each row, NULL where all of them are new. A delivery that lost inside the batch keeps its
-- own verdict, unless the winner itself lost against the table. Flags: 1 version missing, 2 alias hit, 4 core violation,
-- 8 key mismatch, 16 mixed axes within the batch, 32 pairing skipped, 64 related_id missing.
CREATE FUNCTION sync.record_batch_v2(
  p_batch sync.batch_v1, p_rows anyarray, p_flags smallint[], p_others sync.event_v1[],
  p_dead_letters sync.dead_letter_v1[], p_verdicts "char"[], p_mixed_axes boolean[], p_reopened integer,
  OUT applied integer, OUT stale integer, OUT duplicate integer, OUT conflict integer,
  OUT dead_lettered integer, OUT redelivered integer, OUT epoch_started integer
) LANGUAGE plpgsql
AS $$
DECLARE
  goes_on boolean;
  batch_epoch record;
  -- All deliveries, where somebody has to look at each of them.
  events sync.event_v1[];
  first_deliveries boolean[];
  -- Of first deliveries only: what is added to the counters.
  once sync.hourly_counters;
BEGIN
  IF cardinality(p_dead_letters) > 0 THEN
    INSERT INTO bo.consumer_dlq_events (topic, partition, "offset", sequence_number, enqueued_at, key, payload,
      error, error_detail, profile_id, correlation_id)
    SELECT p_batch.topic, p_batch.partition, d."offset", (p_others[d.event_number]).sequence_number,
      (p_others[d.event_number]).enqueued_at, d.key, d.payload, d.error, d.error_detail, p_batch.profile_id,
      d.correlation_id
    FROM unnest(p_dead_letters) d
    ON CONFLICT ON CONSTRAINT consumer_dlq_events_position DO NOTHING;
  END IF;

  -- Nearly always the batch goes on where the partition stopped.
  UPDATE sync.partitions t SET
    seen = t.seen + int8multirange(int8range(p_batch.first_number, p_batch.last_number, '[]')),
    last_enqueued_at = p_batch.latest_enqueued_at,
    event_watermark = greatest(t.event_watermark, p_batch.event_watermark),
    publish_watermark = greatest(t.publish_watermark, p_batch.publish_watermark),
    new_batches = CASE WHEN p_verdicts IS NULL THEN least(t.new_batches + 1, 10) ELSE 0 END,
    updated_at = now()
  WHERE t.topic = p_batch.topic AND t.partition = p_batch.partition
    AND sync.goes_on_v1(p_batch, t.seen, t.last_enqueued_at);
  goes_on := FOUND;
  IF NOT goes_on OR p_verdicts IS NOT NULL THEN
    events := ARRAY(
      SELECT (s.source_sequence, s.source_enqueued_at, s.ordinality, 'w', coalesce(p_flags[s.ordinality], 0)
        )::sync.event_v1
      FROM unnest(p_rows) WITH ORDINALITY s) || p_others;
  END IF;
  IF NOT goes_on THEN
    SELECT * INTO batch_epoch FROM sync.epoch_of_batch_v1(p_batch, events);
    epoch_started := CASE WHEN batch_epoch.started THEN batch_epoch.epoch END;
    first_deliveries := sync.mark_seen_v1(p_batch, events, batch_epoch.epoch, batch_epoch.is_current);
  END IF;

  IF first_deliveries IS NULL AND p_verdicts IS NULL THEN
    -- All new: the client has counted already.
    applied := cardinality(p_rows);
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
      FROM ROWS FROM (unnest(events), unnest(first_deliveries))
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
    FROM unnest(p_dead_letters) d WHERE coalesce(first_deliveries[cardinality(p_rows) + d.event_number], true)
    GROUP BY d.error ORDER BY d.error
    ON CONFLICT (topic, partition, hour, error) DO UPDATE SET events = t.events + excluded.events;
  END IF;
END $$;

CREATE FUNCTION sync.ingest_ledger_v2(
  p_batch sync.batch_v1, p_rows sync.ledger_row_v1[], p_flags smallint[], p_others sync.event_v1[],
  p_dead_letters sync.dead_letter_v1[],
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
  SELECT m.* INTO verdicts, mixed_axes, reopened
  FROM sync.merge_ledger_v2(p_batch, p_rows, sync.expects_new_keys_v1(p_batch)) m;
  SELECT r.* INTO applied, stale, duplicate, conflict, dead_lettered, redelivered, epoch_started
  FROM sync.record_batch_v2(p_batch, p_rows, p_flags, p_others, p_dead_letters, verdicts, mixed_axes, reopened) r;
END $$;

CREATE FUNCTION sync.ingest_orders_v2(
  p_batch sync.batch_v1, p_rows sync.order_row_v1[], p_flags smallint[], p_others sync.event_v1[],
  p_dead_letters sync.dead_letter_v1[],
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
  SELECT m.* INTO verdicts, mixed_axes, reopened
  FROM sync.merge_orders_v2(p_batch, p_rows, sync.expects_new_keys_v1(p_batch)) m;
  SELECT r.* INTO applied, stale, duplicate, conflict, dead_lettered, redelivered, epoch_started
  FROM sync.record_batch_v2(p_batch, p_rows, p_flags, p_others, p_dead_letters, verdicts, mixed_axes, reopened) r;
END $$;

CREATE FUNCTION sync.ingest_confirmations_v2(
  p_batch sync.batch_v1, p_rows sync.confirmation_row_v1[], p_flags smallint[], p_others sync.event_v1[],
  p_dead_letters sync.dead_letter_v1[],
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
  SELECT m.* INTO verdicts, mixed_axes, reopened
  FROM sync.merge_confirmations_v2(p_batch, p_rows, sync.expects_new_keys_v1(p_batch)) m;
  SELECT r.* INTO applied, stale, duplicate, conflict, dead_lettered, redelivered, epoch_started
  FROM sync.record_batch_v2(p_batch, p_rows, p_flags, p_others, p_dead_letters, verdicts, mixed_axes, reopened) r;
END $$;

-- A backfill always looks first: its rows are often known.
CREATE OR REPLACE FUNCTION sync.backfill_ledger_v1(
  p_batch sync.batch_v1, p_rows sync.ledger_row_v1[], p_backfill text, p_lines int8range, p_refused jsonb
) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  merged record;
BEGIN
  SELECT * INTO merged FROM sync.merge_ledger_v2(p_batch, p_rows, false);
  PERFORM sync.record_backfill_v1(p_batch, cardinality(p_rows), merged.verdicts, p_backfill, p_lines, p_refused);
END $$;

CREATE OR REPLACE FUNCTION sync.backfill_orders_v1(
  p_batch sync.batch_v1, p_rows sync.order_row_v1[], p_backfill text, p_lines int8range, p_refused jsonb
) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  merged record;
BEGIN
  SELECT * INTO merged FROM sync.merge_orders_v2(p_batch, p_rows, false);
  PERFORM sync.record_backfill_v1(p_batch, cardinality(p_rows), merged.verdicts, p_backfill, p_lines, p_refused);
END $$;

-- The previous release goes on with what it knows, which takes the same locks in the same order: sync.ingest_..._v1,
-- merge_..._v1, refresh_pairs_v1, merge_pair_deltas_v1 and record_batch_v1 are dropped by a later migration.

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA sync FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sync.goes_on_v1, sync.expects_new_keys_v1, sync.refresh_pairs_v2, sync.merge_ledger_v2,
  sync.merge_orders_v2, sync.merge_confirmations_v2, sync.record_batch_v2, sync.ingest_ledger_v2, sync.ingest_orders_v2,
  sync.ingest_confirmations_v2 TO bo_sync, bo_operator;
