-- Up Migration

-- Brings pairs up to date with their three inputs (SPEC 5). Runs in the transaction that changed an input, after
-- that change. Returns how many pairs were complete and no longer are.
--
-- The two entries of a payment arrive on different partitions, so each transaction has to see what the other one
-- committed: first the pair's row is locked, then a NEW statement, with a snapshot taken after the lock, computes. The
-- deltas come sorted by id, and one statement takes all locks: one order of locks for everyone. Where there is no
-- row yet, one is inserted: only a unique index makes two transactions meet that bring the first two inputs.
--
-- Most entries are the first or the second one of their payment. Those are added by the locking statement itself:
-- the row that ON CONFLICT finds is the latest committed one, and it says all about the group's other entry. A row
-- that is inserted means a group without other entries: a row exists wherever there is an entry or a confirmation.
CREATE FUNCTION sync.refresh_pairs_v1(p_deltas sync.pair_delta_v1[], p_batch sync.batch_v1) RETURNS integer
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  added text[];
  inserted text[];
  orders_seen text[];
  outdated text[];
BEGIN
  -- 1 lock all, add what can be added. OFFSET 0 keeps each look-up a look-up: made into a join, it can become a scan
  -- of the whole table.
  WITH locked AS (
    INSERT INTO bo.payment_ledger_pairs AS p (payment_order_id, payment_tx_id, receive_tx_id, payer_wallet_id,
      payee_wallet_id, amount, status, event_time, pairing_status, mismatch, confirmed, ordered, payment_count,
      receive_count, payment_amount, receive_amount, updated_at, ingested_at)
    SELECT d.id, (d.payment).tx_id, (d.receive).tx_id, (d.payment).wallet_id, (d.receive).wallet_id,
      coalesce(o.amount, (d.payment).amount, (d.receive).amount), o.status,
      greatest((d.payment).event_time, (d.receive).event_time),
      CASE WHEN (d.payment).tx_id IS NOT NULL AND (d.receive).tx_id IS NOT NULL THEN 'COMPLETE'
           ELSE 'INCOMPLETE' END,
      coalesce(abs((d.payment).amount) <> abs((d.receive).amount), false), false, o.amount IS NOT NULL,
      ((d.payment).tx_id IS NOT NULL)::integer, ((d.receive).tx_id IS NOT NULL)::integer,
      (d.payment).amount, (d.receive).amount, clock_timestamp(), clock_timestamp()
    FROM unnest(p_deltas) d
    LEFT JOIN LATERAL (
      SELECT x.amount, x.status FROM bo.payment_orders x WHERE x.order_id = d.id OFFSET 0
    ) o ON d.additive
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
  SELECT array_agg(l.id) FILTER (WHERE l.added), array_agg(l.id) FILTER (WHERE l.added AND l.inserted),
    array_agg(l.order_seen) FILTER (WHERE l.added AND l.inserted)
  INTO added, inserted, orders_seen
  FROM locked l;

  -- 2 of what was inserted, the look-up of the order was older than the lock: did one come in between?
  IF inserted IS NOT NULL THEN
    SELECT array_agg(i.id) INTO outdated
    FROM unnest(inserted, orders_seen) i(id, order_seen)
    WHERE (SELECT x.amount || ' ' || x.status FROM bo.payment_orders x WHERE x.order_id = i.id)
      IS DISTINCT FROM i.order_seen;
  END IF;

  -- 3 the others are computed from their inputs.
  IF coalesce(cardinality(added), 0) < cardinality(p_deltas) THEN
    SELECT outdated || array_agg(d.id) INTO outdated
    FROM unnest(p_deltas) d
    WHERE d.id NOT IN (SELECT a.id FROM unnest(added) a(id));
  END IF;
  IF outdated IS NULL THEN
    RETURN 0;
  END IF;
  RETURN sync.recompute_pairs_v1(outdated, p_batch);
END $$;

-- Computes pairs, whose rows are locked, from the ledger entries, the order and the confirmation. Returns how many
-- were complete and no longer are.
CREATE FUNCTION sync.recompute_pairs_v1(p_ids text[], p_batch sync.batch_v1) RETURNS integer
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  -- After the lock: a pair's time stamps never go back.
  written_at timestamptz := clock_timestamp();
  reopened integer;
  also_reopened integer;
  empty_ids text[];
BEGIN
  WITH computed AS MATERIALIZED (
    SELECT i.id,
      CASE WHEN c.found THEN c.payment_tx_id ELSE (e.payment).tx_id END AS payment_tx_id,
      CASE WHEN c.found THEN c.receive_tx_id ELSE (e.receive).tx_id END AS receive_tx_id,
      CASE WHEN c.found THEN c.payer_wallet_id ELSE (e.payment).wallet_id END AS payer_wallet_id,
      CASE WHEN c.found THEN c.payee_wallet_id ELSE (e.receive).wallet_id END AS payee_wallet_id,
      coalesce(c.amount, o.amount, (e.payment).amount, (e.receive).amount) AS amount,
      coalesce(c.status, o.status) AS status,
      e.event_time,
      CASE WHEN c.found THEN 'COMPLETE'
           WHEN e.payment_count > 1 OR e.receive_count > 1 THEN 'AMBIGUOUS'
           WHEN e.payment_count = 1 AND e.receive_count = 1 THEN 'COMPLETE'
           ELSE 'INCOMPLETE' END AS pairing_status,
      CASE WHEN c.found
        THEN NOT (coalesce(e.payment_agrees, true) AND coalesce(e.receive_agrees, true))
        ELSE coalesce(abs((e.payment).amount) <> abs((e.receive).amount), false) END AS mismatch,
      coalesce(c.found, false) AS confirmed,
      o.amount IS NOT NULL AS ordered,
      e.payment_count::integer, e.receive_count::integer,
      CASE WHEN c.found IS NULL THEN (e.payment).amount END AS payment_amount,
      CASE WHEN c.found IS NULL THEN (e.receive).amount END AS receive_amount
    FROM unnest(p_ids) i(id)
    LEFT JOIN LATERAL (
      SELECT true AS found, x.* FROM sync.pair_confirmations x WHERE x.payment_order_id = i.id OFFSET 0
    ) c ON true
    LEFT JOIN LATERAL (
      SELECT x.amount, x.status FROM bo.payment_orders x WHERE x.order_id = i.id OFFSET 0
    ) o ON true
    CROSS JOIN LATERAL (
      SELECT
        count(*) FILTER (WHERE x.is_payment) AS payment_count,
        count(*) FILTER (WHERE NOT x.is_payment) AS receive_count,
        (array_agg(x.leg ORDER BY x.leg) FILTER (WHERE x.is_payment))[1] AS payment,
        (array_agg(x.leg ORDER BY x.leg) FILTER (WHERE NOT x.is_payment))[1] AS receive,
        max((x.leg).event_time) AS event_time,
        -- NULL where the group has no entry of that kind.
        bool_or((x.leg).tx_id = c.payment_tx_id AND (x.leg).wallet_id = c.payer_wallet_id
          AND abs((x.leg).amount) = abs(c.amount)) FILTER (WHERE x.is_payment) AS payment_agrees,
        bool_or((x.leg).tx_id = c.receive_tx_id AND (x.leg).wallet_id = c.payee_wallet_id
          AND abs((x.leg).amount) = abs(c.amount)) FILTER (WHERE NOT x.is_payment) AS receive_agrees
      FROM (
        SELECT l.entry_type = p_batch.payment_entry_type AS is_payment,
          (l.event_time, l.tx_id, l.wallet_id, l.amount)::sync.pair_leg_v1 AS leg
        FROM bo.ledger_entries l
        WHERE l.related_id = i.id
          AND l.entry_type IN (p_batch.payment_entry_type, p_batch.receive_entry_type)
          AND (l.related_type IS NULL OR l.related_type = p_batch.pairing_related_type)
        OFFSET 0
      ) x
    ) e
  ), written AS (
    INSERT INTO bo.payment_ledger_pairs AS p (payment_order_id, payment_tx_id, receive_tx_id, payer_wallet_id,
      payee_wallet_id, amount, status, event_time, pairing_status, mismatch, confirmed, ordered, payment_count,
      receive_count, payment_amount, receive_amount, updated_at, ingested_at)
    SELECT id, payment_tx_id, receive_tx_id, payer_wallet_id, payee_wallet_id, amount, status, event_time,
      pairing_status, mismatch, confirmed, ordered, payment_count, receive_count, payment_amount, receive_amount,
      written_at, written_at
    FROM computed WHERE confirmed OR payment_count + receive_count > 0
    ON CONFLICT (payment_order_id) DO UPDATE SET
      payment_tx_id = excluded.payment_tx_id, receive_tx_id = excluded.receive_tx_id,
      payer_wallet_id = excluded.payer_wallet_id, payee_wallet_id = excluded.payee_wallet_id,
      amount = excluded.amount, status = excluded.status, event_time = excluded.event_time,
      pairing_status = excluded.pairing_status, mismatch = excluded.mismatch, confirmed = excluded.confirmed,
      ordered = excluded.ordered, payment_count = excluded.payment_count,
      receive_count = excluded.receive_count, payment_amount = excluded.payment_amount,
      receive_amount = excluded.receive_amount, updated_at = excluded.updated_at,
      ingested_at = excluded.ingested_at
    -- The scale counts as well (12.5 is not 12.50): the amount is the text of its source, whatever the order.
    WHERE (p.payment_tx_id, p.receive_tx_id, p.payer_wallet_id, p.payee_wallet_id, p.amount, scale(p.amount),
      p.status, p.event_time, p.pairing_status, p.mismatch, p.confirmed, p.ordered, p.payment_count,
      p.receive_count, p.payment_amount, scale(p.payment_amount), p.receive_amount, scale(p.receive_amount))
      IS DISTINCT FROM (excluded.payment_tx_id, excluded.receive_tx_id, excluded.payer_wallet_id,
      excluded.payee_wallet_id, excluded.amount, scale(excluded.amount), excluded.status,
      excluded.event_time, excluded.pairing_status, excluded.mismatch, excluded.confirmed, excluded.ordered,
      excluded.payment_count, excluded.receive_count, excluded.payment_amount, scale(excluded.payment_amount),
      excluded.receive_amount, scale(excluded.receive_amount))
    RETURNING old.pairing_status = 'COMPLETE' AND new.pairing_status <> 'COMPLETE' AS reopened
  )
  SELECT (SELECT count(*) FROM written w WHERE w.reopened),
    (SELECT array_agg(id) FROM computed WHERE NOT confirmed AND payment_count + receive_count = 0)
  INTO reopened, empty_ids;

  -- Nothing is left of these groups; most are rows inserted for an order that has no entries yet.
  IF empty_ids IS NOT NULL THEN
    WITH gone AS (
      DELETE FROM bo.payment_ledger_pairs WHERE payment_order_id = ANY (empty_ids) RETURNING pairing_status
    )
    SELECT count(*) INTO also_reopened FROM gone WHERE pairing_status = 'COMPLETE';
    reopened := reopened + also_reopened;
  END IF;
  RETURN reopened;
END $$;
