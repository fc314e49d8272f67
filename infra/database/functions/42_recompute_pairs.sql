-- Computes pairs from their inputs. Their rows are locked; p_crowds: those whose groups are large. Returns how many were
-- complete and no longer are. A pair that nothing is left of goes.
CREATE FUNCTION release.recompute_pairs(p_ids text[], p_crowds text[]) RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
  -- After the lock: a pair's time stamps never go back.
  written_at timestamptz := clock_timestamp();
  reopened integer;
  also_reopened integer;
  empty_ids text[];
  growing text[];
  shrinking text[];
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
      e.payment_count, e.receive_count,
      CASE WHEN c.found IS NULL THEN (e.payment).amount END AS payment_amount,
      CASE WHEN c.found IS NULL THEN (e.receive).amount END AS receive_amount,
      i.is_crowded
    FROM (SELECT id, coalesce(id = ANY (p_crowds), false) AS is_crowded FROM unnest(p_ids) id) i
    LEFT JOIN LATERAL (
      SELECT true AS found, x.* FROM sync.pair_confirmations x WHERE x.payment_order_id = i.id OFFSET 0
    ) c ON true
    LEFT JOIN LATERAL (
      SELECT x.amount, x.status FROM bo.payment_orders x WHERE x.order_id = i.id OFFSET 0
    ) o ON true
    CROSS JOIN LATERAL (
      -- A group of usual size is read.
      SELECT
        count(*) FILTER (WHERE x.is_payment)::integer AS payment_count,
        count(*) FILTER (WHERE NOT x.is_payment)::integer AS receive_count,
        (array_agg(x.leg ORDER BY x.leg) FILTER (WHERE x.is_payment))[1] AS payment,
        (array_agg(x.leg ORDER BY x.leg) FILTER (WHERE NOT x.is_payment))[1] AS receive,
        max((x.leg).event_time) AS event_time,
        -- NULL where the group has no entry of that kind.
        bool_or((x.leg).tx_id = c.payment_tx_id AND (x.leg).wallet_id = c.payer_wallet_id
          AND abs((x.leg).amount) = abs(c.amount)) FILTER (WHERE x.is_payment) AS payment_agrees,
        bool_or((x.leg).tx_id = c.receive_tx_id AND (x.leg).wallet_id = c.payee_wallet_id
          AND abs((x.leg).amount) = abs(c.amount)) FILTER (WHERE NOT x.is_payment) AS receive_agrees
      FROM (
        SELECT l.entry_type = 'PAYMENT' AS is_payment,
          (l.event_time, l.tx_id, l.wallet_id, l.amount)::release.pair_leg AS leg
        FROM bo.ledger_entries l
        WHERE l.related_id = i.id
          AND release.pair_group(l.entry_type, l.related_type, l.related_id) IS NOT NULL
        OFFSET 0
      ) x
      WHERE NOT i.is_crowded HAVING NOT i.is_crowded
      UNION ALL
      SELECT g.* FROM release.crowd(i.id, c.payment_tx_id, c.receive_tx_id, c.payer_wallet_id, c.payee_wallet_id,
        c.amount) g
      WHERE i.is_crowded
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
    array_agg(id) FILTER (WHERE NOT confirmed AND payment_count + receive_count = 0),
    array_agg(id) FILTER (WHERE NOT is_crowded AND payment_count + receive_count > release.crowd_limit()),
    array_agg(id) FILTER (WHERE is_crowded AND payment_count + receive_count <= release.crowd_limit() / 2)
  INTO reopened, empty_ids, growing, shrinking
  FROM computed;

  IF growing IS NOT NULL OR shrinking IS NOT NULL THEN
    PERFORM release.turn_crowds(growing, shrinking);
  END IF;
  -- Nothing is left of these groups.
  IF empty_ids IS NOT NULL THEN
    WITH gone AS (
      DELETE FROM bo.payment_ledger_pairs WHERE payment_order_id = ANY (empty_ids) RETURNING pairing_status
    )
    SELECT count(*) INTO also_reopened FROM gone WHERE pairing_status = 'COMPLETE';
    reopened := reopened + also_reopened;
  END IF;
  RETURN reopened;
END $$;
