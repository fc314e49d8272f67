-- Up Migration

-- Recomputes the pairs of these orders from their three inputs (SPEC 5). Runs in the transaction that changed an
-- input, after that change. Returns how many pairs were complete and no longer are.
--
-- Two statements, on purpose. The two entries of a payment arrive on different partitions, so each transaction
-- has to see what the other one committed: first the pair's row is locked (a row is inserted where there is
-- none, since only a unique index makes two transactions meet that bring the first two inputs), then a NEW
-- statement, with a snapshot taken after the lock, computes. The ids come sorted: one order of locks for all.
CREATE FUNCTION sync.refresh_pairs_v1(p_ids text[], p_batch sync.batch_v1) RETURNS integer
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  written_at timestamptz;
  reopened integer;
  also_reopened integer;
  empty_ids text[];
BEGIN
  INSERT INTO bo.payment_ledger_pairs (payment_order_id, pairing_status, mismatch, confirmed, payment_count,
    receive_count, updated_at, ingested_at)
  SELECT id, 'INCOMPLETE', false, false, 0, 0, now(), now() FROM unnest(p_ids) id
  -- Locks the row that is there, and writes nothing.
  ON CONFLICT (payment_order_id) DO UPDATE SET mismatch = excluded.mismatch WHERE false;

  -- After the lock: a pair's time stamps never go back.
  written_at := clock_timestamp();

  -- OFFSET 0 keeps each look-up a look-up: made into a join, it can become a scan of the whole table.
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
      e.payment_count::integer, e.receive_count::integer
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
      payee_wallet_id, amount, status, event_time, pairing_status, mismatch, confirmed, payment_count,
      receive_count, updated_at, ingested_at)
    SELECT id, payment_tx_id, receive_tx_id, payer_wallet_id, payee_wallet_id, amount, status, event_time,
      pairing_status, mismatch, confirmed, payment_count, receive_count, written_at, written_at
    FROM computed WHERE confirmed OR payment_count + receive_count > 0
    ON CONFLICT (payment_order_id) DO UPDATE SET
      payment_tx_id = excluded.payment_tx_id, receive_tx_id = excluded.receive_tx_id,
      payer_wallet_id = excluded.payer_wallet_id, payee_wallet_id = excluded.payee_wallet_id,
      amount = excluded.amount, status = excluded.status, event_time = excluded.event_time,
      pairing_status = excluded.pairing_status, mismatch = excluded.mismatch, confirmed = excluded.confirmed,
      payment_count = excluded.payment_count, receive_count = excluded.receive_count,
      updated_at = excluded.updated_at, ingested_at = excluded.ingested_at
    -- The scale counts as well (12.5 is not 12.50): the amount is the text of its source, whatever the order.
    WHERE (p.payment_tx_id, p.receive_tx_id, p.payer_wallet_id, p.payee_wallet_id, p.amount, scale(p.amount),
      p.status, p.event_time, p.pairing_status, p.mismatch, p.confirmed, p.payment_count, p.receive_count)
      IS DISTINCT FROM (excluded.payment_tx_id, excluded.receive_tx_id, excluded.payer_wallet_id,
      excluded.payee_wallet_id, excluded.amount, scale(excluded.amount), excluded.status,
      excluded.event_time, excluded.pairing_status, excluded.mismatch, excluded.confirmed,
      excluded.payment_count, excluded.receive_count)
    RETURNING old.pairing_status = 'COMPLETE' AND new.pairing_status <> 'COMPLETE' AS reopened
  )
  SELECT (SELECT count(*) FROM written w WHERE w.reopened),
    (SELECT array_agg(id) FROM computed WHERE NOT confirmed AND payment_count + receive_count = 0)
  INTO reopened, empty_ids;

  -- Nothing is left of these groups; most are rows inserted above for an order that has no entries yet.
  IF empty_ids IS NOT NULL THEN
    WITH gone AS (
      DELETE FROM bo.payment_ledger_pairs WHERE payment_order_id = ANY (empty_ids) RETURNING pairing_status
    )
    SELECT count(*) INTO also_reopened FROM gone WHERE pairing_status = 'COMPLETE';
    reopened := reopened + also_reopened;
  END IF;
  RETURN reopened;
END $$;
