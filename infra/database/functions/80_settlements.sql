-- Settlement (SPEC 16): a pure function of entries and order, computed when it is read (docs/adr/0013). Nothing here is in this
-- release's schema: it stays when that is dropped, and is of the release that was installed last.

-- What was looked at by other text is looked at again.
DELETE FROM sync.large_settlements;
UPDATE sync.settlement_rules SET next_group = '';

DROP VIEW IF EXISTS bo.payment_settlements, bo.ledger_entries_signed;
DROP FUNCTION IF EXISTS sync.settlement_of;
DROP VIEW IF EXISTS sync.settlements;

-- Each LATERAL is of one group, so that a reader of one payment reads its entries and nothing else: DISTINCT with the id
-- given is the first entry that the index has.
CREATE VIEW sync.settlements AS
SELECT g.related_id AS payment_order_id, s.*
FROM (SELECT DISTINCT l.related_id FROM bo.ledger_entries l WHERE l.related_id IS NOT NULL) g
-- A large group that was computed, where nothing has changed since: no change of it is noted, by its pair, its order or its id; none of
-- what reversals undo (reversed, up to the root of the chain) is of it; and none of the entries that it waits for has come.
LEFT JOIN LATERAL (
  SELECT k.* FROM sync.large_settlements k
  WHERE k.payment_order_id = g.related_id
    AND NOT EXISTS (
      SELECT FROM sync.settlement_changes c
      LEFT JOIN bo.payment_ledger_pairs p ON p.payment_order_id = k.payment_order_id
      LEFT JOIN bo.payment_orders o ON o.order_id = k.payment_order_id
      WHERE k.payment_order_id = ANY (c.ids) OR p.updated_at BETWEEN c.began_at AND c.ended_at
        OR o.ingested_at BETWEEN c.began_at AND c.ended_at)
    AND NOT EXISTS (SELECT FROM bo.ledger_entries l WHERE l.tx_id = ANY (k.awaited))
    AND k.payment_order_id NOT IN (
      WITH RECURSIVE undone AS (
        SELECT l.related_id, l.reverses_tx_id FROM sync.settlement_changes c, unnest(c.reversed) u(tx_id)
        JOIN bo.ledger_entries l ON l.tx_id = u.tx_id
        UNION
        SELECT l.related_id, l.reverses_tx_id FROM undone u JOIN bo.ledger_entries l ON l.tx_id = u.reverses_tx_id
      )
      SELECT u.related_id FROM undone u WHERE u.related_id IS NOT NULL
    )
) k ON true
CROSS JOIN LATERAL (
  SELECT k.state, k.paid_amount, k.refunded_amount, k.charged_back_amount, k.fee_amount, k.reversed_amount, k.net_amount,
    k.refundable_amount, k.currency, k.charge_entries, k.refund_entries, k.chargeback_entries, k.fee_entries,
    k.hold_entries, k.reversal_entries, k.violations, k.first_event_time, k.last_event_time, k.entries, k.awaited
  WHERE k.payment_order_id IS NOT NULL
  UNION ALL
  (
    -- Who belongs to the group: its own entries, but for reversals of a known entry; then what reverses these, and so on. A
    -- circle of reversals is never reached: none of them is a beginning.
    WITH RECURSIVE members AS (
      SELECT l.tx_id, l.wallet_id, abs(l.amount) AS amount, l.amount_signed, l.currency, l.event_time, l.reverses_tx_id,
        t.sign, t.flow, t.is_out, t.one_to_one, t.gives_back, t.reverses, t.reverses AS of_unknown, false AS of_reversal
      FROM bo.ledger_entries l JOIN sync.settlement_types t ON t.entry_type = l.entry_type
      WHERE l.related_id = g.related_id AND (l.related_type IS NULL OR l.related_type = 'PAYMENT_ORDER')
        AND NOT (t.reverses AND EXISTS (SELECT FROM bo.ledger_entries x WHERE x.tx_id = l.reverses_tx_id))
      UNION ALL
      SELECT l.tx_id, l.wallet_id, abs(l.amount), NULL, l.currency, l.event_time, l.reverses_tx_id,
        NULL, NULL, NULL, NULL, NULL, true, false, m.reverses
      FROM members m
      JOIN bo.ledger_entries l ON l.reverses_tx_id = m.tx_id
      JOIN sync.settlement_types t ON t.entry_type = l.entry_type AND t.reverses
    ), weighed AS (
      -- What is taken off an entry: the reversals that name it stand beside it under its id.
      SELECT m.*, least(m.amount, m.undone) AS taken, greatest(m.amount - m.undone, 0) AS remaining,
        NOT m.is_undone OR m.undone < m.amount AS is_left
      FROM (
        SELECT *,
          CASE WHEN reverses THEN 0 ELSE coalesce(sum(amount) FILTER (WHERE reverses) OVER by_undone, 0) END AS undone,
          coalesce(bool_or(reverses) OVER by_undone, false) AS is_undone,
          bool_or(flow = 'charge' AND is_out) OVER by_wallet AS paid_from,
          bool_or(flow = 'charge' AND NOT is_out) OVER by_wallet AS paid_to
        FROM members
        WINDOW by_undone AS (PARTITION BY CASE WHEN reverses THEN reverses_tx_id ELSE tx_id END),
          by_wallet AS (PARTITION BY wallet_id)
      ) m
    ), flows AS (
      SELECT w.flow, coalesce(bool_or(w.one_to_one), false) AS one_to_one, coalesce(bool_or(w.gives_back), false) AS gives_back,
        coalesce(sum(w.remaining) FILTER (WHERE w.is_out), 0) AS out_amount,
        coalesce(sum(w.remaining) FILTER (WHERE NOT w.is_out), 0) AS in_amount,
        count(*) FILTER (WHERE w.is_out AND w.is_left) AS out_left,
        count(*) FILTER (WHERE NOT w.is_out AND w.is_left) AS in_left,
        count(*) AS entries, count(*) FILTER (WHERE w.reverses) AS reversals, sum(w.taken) AS taken,
        min(w.currency COLLATE "C") AS least_currency, max(w.currency COLLATE "C") AS most_currency,
        min(w.event_time) AS first_event_time, max(w.event_time) AS last_event_time,
        bool_or(coalesce(w.paid_from, false)) AS any_from, bool_or(coalesce(w.paid_to, false)) AS any_to,
        bool_or(NOT w.is_out AND NOT coalesce(w.paid_from, false)) AS in_elsewhere,
        bool_or(w.is_out AND NOT coalesce(w.paid_to, false)) AS out_elsewhere,
        bool_or(w.of_unknown) AS of_unknown, bool_or(w.of_reversal) AS of_reversal,
        bool_or(w.undone > w.amount) AS undone_more,
        bool_or(w.amount_signed <> 0 AND w.sign <> 0 AND sign(w.amount_signed) <> w.sign) AS sign_disagrees,
        array_agg(w.reverses_tx_id) FILTER (WHERE w.of_unknown AND w.reverses_tx_id IS NOT NULL) AS awaited
      FROM weighed w GROUP BY w.flow
    ), totals AS (
      SELECT
        coalesce(sum(least(f.out_amount, f.in_amount)) FILTER (WHERE f.flow = 'charge'), 0) AS paid,
        coalesce(sum(least(f.out_amount, f.in_amount)) FILTER (WHERE f.flow = 'refund'), 0) AS refunded,
        coalesce(sum(least(f.out_amount, f.in_amount)) FILTER (WHERE f.flow = 'chargeback'), 0) AS charged_back,
        coalesce(sum(least(f.out_amount, f.in_amount)) FILTER (WHERE f.flow = 'fee'), 0) AS fee,
        sum(f.taken) AS taken,
        coalesce(bool_or(f.out_amount > f.in_amount) FILTER (WHERE f.flow = 'hold'), false) AS held,
        coalesce(sum(f.entries) FILTER (WHERE f.flow = 'charge'), 0)::bigint AS charges,
        coalesce(sum(f.out_left) FILTER (WHERE f.flow = 'charge'), 0)::bigint AS charge_out_left,
        coalesce(sum(f.in_left) FILTER (WHERE f.flow = 'charge'), 0)::bigint AS charge_in_left,
        coalesce(sum(f.entries) FILTER (WHERE f.flow = 'refund'), 0)::bigint AS refunds,
        coalesce(sum(f.entries) FILTER (WHERE f.flow = 'chargeback'), 0)::bigint AS chargebacks,
        coalesce(sum(f.entries) FILTER (WHERE f.flow = 'fee'), 0)::bigint AS fees,
        coalesce(sum(f.entries) FILTER (WHERE f.flow = 'hold'), 0)::bigint AS holds,
        sum(f.reversals)::bigint AS reversals, sum(f.entries)::bigint AS entries,
        coalesce(bool_or(f.gives_back), false) AS any_given_back,
        coalesce(bool_or(f.out_left + f.in_left > 0) FILTER (WHERE f.gives_back), false) AS given_back_left,
        coalesce(bool_or(f.out_amount <> f.in_amount) FILTER (WHERE f.gives_back), false) AS given_back_unbalanced,
        coalesce(bool_or(f.out_amount <> f.in_amount) FILTER (WHERE f.flow <> 'hold'), false) AS unbalanced,
        coalesce(bool_or(f.one_to_one AND greatest(f.out_left, f.in_left) > 1), false) AS ambiguous,
        coalesce(bool_or(f.in_elsewhere) FILTER (WHERE f.flow = 'refund'), false)
          AND coalesce(bool_or(f.any_from) FILTER (WHERE f.flow = 'charge'), false) AS refunded_elsewhere,
        coalesce(bool_or(f.out_elsewhere) FILTER (WHERE f.flow = 'refund'), false)
          AND coalesce(bool_or(f.any_to) FILTER (WHERE f.flow = 'charge'), false) AS refunded_by_other,
        min(f.least_currency) AS least_currency, max(f.most_currency) AS most_currency,
        min(f.first_event_time) AS first_event_time, max(f.last_event_time) AS last_event_time,
        bool_or(f.of_unknown) AS of_unknown, bool_or(f.of_reversal) AS of_reversal, bool_or(f.undone_more) AS undone_more,
        bool_or(f.sign_disagrees) AS sign_disagrees,
        -- Of the one row that has no flow.
        any_value(f.awaited) FILTER (WHERE f.awaited IS NOT NULL) AS awaited
      FROM flows f HAVING count(*) > 0
    ), judged AS (
      SELECT t.*, o.states,
        CASE
          WHEN o.cancelled AND t.charge_out_left + t.charge_in_left = 0 AND NOT t.given_back_left AND NOT t.held
            THEN 'CANCELLED'
          WHEN t.charges > 0 AND t.charge_out_left + t.charge_in_left = 0 THEN 'REVERSED'
          WHEN t.charges = 0 AND t.held THEN 'HELD'
          WHEN t.charges = 0 AND t.any_given_back THEN 'REFUND_ONLY'
          WHEN t.charges = 0 OR t.charge_out_left = 0 OR t.charge_in_left = 0 THEN 'PENDING'
          WHEN t.given_back_unbalanced THEN 'REFUND_PENDING'
          WHEN t.refunded + t.charged_back > 0 AND t.refunded + t.charged_back >= t.paid THEN 'REFUNDED'
          WHEN t.refunded + t.charged_back > 0 THEN 'PARTIALLY_REFUNDED'
          ELSE 'PAID'
        END AS state
      FROM totals t LEFT JOIN (
        SELECT s.* FROM bo.payment_orders x JOIN sync.settlement_statuses s ON s.status = x.status
        WHERE x.order_id = g.related_id
      ) o ON true
    )
    SELECT j.state, j.paid, j.refunded, j.charged_back, j.fee, j.taken, j.paid - j.refunded - j.charged_back,
      greatest(j.paid - j.refunded - j.charged_back, 0),
      CASE WHEN j.least_currency = j.most_currency THEN j.least_currency END,
      j.charges, j.refunds, j.chargebacks, j.fees, j.holds, j.reversals,
      array_remove(ARRAY[
        CASE WHEN j.least_currency <> j.most_currency THEN 'currency_mixed' END,
        CASE WHEN j.ambiguous THEN 'flow_ambiguous' END,
        CASE WHEN j.unbalanced THEN 'flow_unbalanced' END,
        CASE WHEN j.charges > 0 AND j.refunded + j.charged_back > j.paid THEN 'refund_exceeds_payment' END,
        CASE WHEN j.refunded_elsewhere OR j.refunded_by_other THEN 'refund_to_other_wallet' END,
        CASE WHEN j.charges = 0 AND j.any_given_back THEN 'refund_without_payment' END,
        CASE WHEN j.of_reversal THEN 'reversal_of_reversal' END,
        CASE WHEN j.of_unknown THEN 'reversal_of_unknown' END,
        CASE WHEN j.undone_more THEN 'reversed_more_than_entry' END,
        CASE WHEN j.sign_disagrees THEN 'sign_disagrees' END,
        CASE WHEN j.state <> ALL (j.states) THEN 'status_disagrees' END
      ], NULL),
      j.first_event_time, j.last_event_time, j.entries, j.awaited
    FROM judged j WHERE k.payment_order_id IS NULL
  )
) s;

-- Of one payment, planned once a session: planning the view costs ten times as much as reading a payment does. Whoever may read
-- bo.payment_settlements has no rights on what it is made of.
CREATE FUNCTION sync.settlement_of(payment_order_id text) RETURNS SETOF sync.settlements
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
  RETURN QUERY SELECT s.* FROM sync.settlements s WHERE s.payment_order_id = settlement_of.payment_order_id;
END $$;
REVOKE EXECUTE ON FUNCTION sync.settlement_of FROM PUBLIC;

-- One row for each related_id that has entries of a known type.
CREATE VIEW bo.payment_settlements AS
SELECT g.related_id AS payment_order_id, s.state, s.paid_amount, s.refunded_amount, s.charged_back_amount, s.fee_amount,
  s.reversed_amount, s.net_amount, s.refundable_amount, s.currency, s.charge_entries, s.refund_entries,
  s.chargeback_entries, s.fee_entries, s.hold_entries, s.reversal_entries, s.violations, s.first_event_time,
  s.last_event_time
FROM (SELECT DISTINCT l.related_id FROM bo.ledger_entries l WHERE l.related_id IS NOT NULL) g
CROSS JOIN LATERAL sync.settlement_of(g.related_id) s;

-- The entries with the signed amount that follows from the rules: of a reversal, the opposite of what it undoes. NULL where
-- they say nothing.
CREATE VIEW bo.ledger_entries_signed AS
SELECT l.*, abs(l.amount) * coalesce(t.sign, -u.sign) AS amount_signed_derived
FROM bo.ledger_entries l
LEFT JOIN sync.settlement_types t ON t.entry_type = l.entry_type
LEFT JOIN bo.ledger_entries e ON t.reverses AND e.tx_id = l.reverses_tx_id
LEFT JOIN sync.settlement_types u ON u.entry_type = e.entry_type;

COMMENT ON VIEW bo.payment_settlements IS 'What was paid, refunded and is left of each payment (SPEC 16)';
COMMENT ON VIEW bo.ledger_entries_signed IS 'amount_signed as it was given, and as the rules have it';
