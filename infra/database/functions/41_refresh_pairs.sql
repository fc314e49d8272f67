-- Brings pairs up to date with their three inputs (SPEC 5). Runs in the transaction that changed an input, after that change.
-- Returns how many pairs were complete and no longer are. p_entries, p_verdicts: those of a ledger batch, whose new entries
-- are added; p_changes: whatever else changed. p_orders: the changes are orders only.
--
-- The two entries of a payment arrive on different partitions, so each transaction has to see what the other one
-- committed: first the pair's row is locked, then a NEW statement, with a snapshot taken after the lock, computes. One
-- statement takes all locks, in the order of the ids: one order of locks for everyone. Where there is no row yet, one
-- is inserted: only a unique index makes two transactions meet that bring the first two inputs.
--
-- Most entries are the first or the second one of their payment. Those are added by the locking statement itself
-- (docs/adr/0006): the row that ON CONFLICT finds is the latest committed one, and it says all about the group's other
-- entry. A row that is inserted means a group without other entries: a row exists wherever there is an entry or a
-- confirmation.
CREATE FUNCTION release.refresh_pairs(
  p_entries release.ledger_row[], p_verdicts "char"[], p_changes release.pair_change[], p_orders boolean
) RETURNS integer LANGUAGE plpgsql
AS $$
DECLARE
  outdated text[];
  inserted text[];
  orders_seen text[];
  placeholders text[];
  crowds text[];
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
      SELECT release.pair_group(s.entry_type, s.related_type, s.related_id) COLLATE "C" AS id,
        s.entry_type = 'PAYMENT' AS is_payment, s.tx_id, s.wallet_id, s.amount, s.event_time
      FROM ROWS FROM (unnest(p_entries), unnest(p_verdicts)) AS s(${ledger.columns}, verdict)
      WHERE coalesce(s.verdict, 'N') = 'N'
      UNION ALL
      SELECT g.id, NULL, NULL, NULL, NULL, NULL FROM unnest(p_changes) g
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
    ) o ON d.additive OR p_orders
    ORDER BY d.id
    ON CONFLICT (payment_order_id) DO UPDATE SET
      payment_tx_id = coalesce(p.payment_tx_id, excluded.payment_tx_id),
      receive_tx_id = coalesce(p.receive_tx_id, excluded.receive_tx_id),
      payer_wallet_id = coalesce(p.payer_wallet_id, excluded.payer_wallet_id),
      payee_wallet_id = coalesce(p.payee_wallet_id, excluded.payee_wallet_id),
      amount = CASE WHEN p_orders THEN excluded.amount WHEN p.ordered THEN p.amount
        ELSE coalesce(p.payment_amount, excluded.payment_amount, p.receive_amount, excluded.receive_amount) END,
      status = CASE WHEN p_orders THEN excluded.status ELSE p.status END,
      ordered = p.ordered OR p_orders,
      event_time = greatest(p.event_time, excluded.event_time),
      pairing_status = CASE WHEN p_orders THEN p.pairing_status
        WHEN p.payment_count + p.receive_count + excluded.payment_count + excluded.receive_count = 2 THEN 'COMPLETE'
        ELSE 'INCOMPLETE' END,
      mismatch = CASE WHEN p_orders THEN p.mismatch ELSE coalesce(
        abs(coalesce(p.payment_amount, excluded.payment_amount))
        <> abs(coalesce(p.receive_amount, excluded.receive_amount)), false) END,
      payment_count = p.payment_count + excluded.payment_count,
      receive_count = p.receive_count + excluded.receive_count,
      payment_amount = coalesce(p.payment_amount, excluded.payment_amount),
      receive_amount = coalesce(p.receive_amount, excluded.receive_amount),
      updated_at = clock_timestamp(), ingested_at = clock_timestamp()
    -- Locks the row that it finds, also where it leaves it alone.
    WHERE NOT p.confirmed AND (p_orders OR excluded.payment_count + excluded.receive_count > 0
      AND p.payment_count + excluded.payment_count <= 1 AND p.receive_count + excluded.receive_count <= 1)
    RETURNING p.payment_order_id AS id, p.payment_count + p.receive_count > 0 AS added,
      old.payment_order_id IS NULL AS inserted,
      CASE WHEN p.ordered THEN p.amount || ' ' || p.status END AS order_seen
  )
  SELECT (SELECT array_agg(d.id) FROM changes d
      WHERE d.id NOT IN (SELECT l.id FROM locked l WHERE l.added OR (p_orders AND l.inserted))),
    array_agg(n.id) FILTER (WHERE n.added), array_agg(n.order_seen) FILTER (WHERE n.added),
    array_agg(n.id) FILTER (WHERE NOT n.added AND p_orders)
  INTO outdated, inserted, orders_seen, placeholders
  FROM locked n WHERE n.inserted;

  -- 2 an order whose pair was not there has no entries and no confirmation yet. Whoever brings them waited for the row that
  -- was inserted, and looks for the order in step 3.
  IF placeholders IS NOT NULL THEN
    DELETE FROM bo.payment_ledger_pairs p WHERE p.payment_order_id = ANY (placeholders);
  END IF;

  -- 3 of what was inserted, the look-up of the order was older than the lock: did one come in between?
  IF inserted IS NOT NULL THEN
    SELECT outdated || array_agg(i.id) INTO outdated
    FROM unnest(inserted, orders_seen) i(id, order_seen)
    WHERE (SELECT x.amount || ' ' || x.status FROM bo.payment_orders x WHERE x.order_id = i.id)
      IS DISTINCT FROM i.order_seen;
  END IF;
  IF outdated IS NULL THEN
    RETURN 0;
  END IF;

  -- 4 large groups are kept by what changed, and all others are computed from their inputs.
  SELECT array_agg(p.payment_order_id) INTO crowds
  FROM bo.payment_ledger_pairs p WHERE p.crowded AND p.payment_order_id = ANY (outdated);
  IF crowds IS NOT NULL THEN
    PERFORM release.change_crowds(crowds, p_entries, p_verdicts, p_changes);
  END IF;
  RETURN release.recompute_pairs(outdated, crowds);
END $$;

-- refresh_pairs after a batch of each topic.
CREATE FUNCTION release.refresh_pairs_of(
  p_rows release.ledger_row[], p_verdicts "char"[], p_changes release.pair_change[]
) RETURNS integer LANGUAGE plpgsql
AS $$
BEGIN
  IF p_changes IS NULL AND NOT coalesce('N' = ANY (p_verdicts), true) THEN
    RETURN 0;
  END IF;
  RETURN release.refresh_pairs(p_rows, p_verdicts, p_changes, false);
END $$;

CREATE FUNCTION release.refresh_pairs_of(
  p_rows release.orders_row[], p_verdicts "char"[], p_changes release.pair_change[]
) RETURNS integer LANGUAGE plpgsql
AS $$
DECLARE
  changes release.pair_change[] := p_changes || ARRAY(
    SELECT (s.order_id, NULL, NULL, NULL, NULL)::release.pair_change
    FROM unnest(p_rows) WITH ORDINALITY s WHERE coalesce(p_verdicts[s.ordinality], 'N') = 'N');
BEGIN
  IF cardinality(changes) = 0 THEN
    RETURN 0;
  END IF;
  RETURN release.refresh_pairs(NULL, NULL, changes, true);
END $$;

CREATE FUNCTION release.refresh_pairs_of(
  p_rows release.confirmations_row[], p_verdicts "char"[], p_changes release.pair_change[]
) RETURNS integer LANGUAGE plpgsql
AS $$
DECLARE
  changes release.pair_change[] := p_changes || ARRAY(
    SELECT (s.payment_order_id, NULL, NULL, NULL, NULL)::release.pair_change
    FROM unnest(p_rows) WITH ORDINALITY s WHERE coalesce(p_verdicts[s.ordinality], 'N') = 'N');
BEGIN
  IF cardinality(changes) = 0 THEN
    RETURN 0;
  END IF;
  RETURN release.refresh_pairs(NULL, NULL, changes, false);
END $$;

-- No pair follows from a control total.
CREATE FUNCTION release.refresh_pairs_of(
  p_rows release.totals_row[], p_verdicts "char"[], p_changes release.pair_change[]
) RETURNS integer LANGUAGE sql IMMUTABLE
RETURN 0;
