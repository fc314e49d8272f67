-- Notes whose settlement a batch may have changed (SPEC 16), in its transaction: one row for all of it. Nothing is looked up
-- and nothing locked; what else follows from a change is for the timer to find (sweep_settlements.sql).

-- What the update of a row leaves behind: the group and the reversed entry that it named before. One function a table: merge
-- calls it by the row.
CREATE FUNCTION release.left_behind(old bo.ledger_entries, new bo.ledger_entries) RETURNS release.settlement_change
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN (old.related_id, old.reverses_tx_id) IS DISTINCT FROM (new.related_id, new.reverses_tx_id)
  THEN (old.related_id, old.reverses_tx_id)::release.settlement_change
END;

CREATE FUNCTION release.left_behind(old bo.payment_orders, new bo.payment_orders) RETURNS release.settlement_change
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN NULL::release.settlement_change;

CREATE FUNCTION release.left_behind(old sync.pair_confirmations, new sync.pair_confirmations)
RETURNS release.settlement_change LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN NULL::release.settlement_change;

-- p_verdicts as of merge; p_left: what its updates left behind.
CREATE FUNCTION release.note_changes(
  p_rows release.ledger_row[], p_verdicts "char"[], p_left release.settlement_change[]
) RETURNS void LANGUAGE plpgsql
AS $$
BEGIN
  IF p_verdicts IS NULL OR p_verdicts && '{N,A,C}' THEN
    INSERT INTO sync.settlement_changes (changed_at, ids, reversed)
    SELECT clock_timestamp(), array_agg(s.related_id) FILTER (WHERE s.related_id IS NOT NULL) || (
        SELECT array_agg(b.id) FILTER (WHERE b.id IS NOT NULL) FROM unnest(p_left) b),
      array_agg(s.reverses_tx_id) FILTER (WHERE s.reverses_tx_id IS NOT NULL) || (
        SELECT array_agg(b.reversed) FILTER (WHERE b.reversed IS NOT NULL) FROM unnest(p_left) b)
    FROM unnest(p_rows) s;
  END IF;
END $$;

CREATE FUNCTION release.note_changes(
  p_rows release.orders_row[], p_verdicts "char"[], p_left release.settlement_change[]
) RETURNS void LANGUAGE plpgsql
AS $$
BEGIN
  IF p_verdicts IS NULL OR p_verdicts && '{N,A,C}' THEN
    INSERT INTO sync.settlement_changes (changed_at, ids)
    SELECT clock_timestamp(), array_agg(s.order_id) FROM unnest(p_rows) s;
  END IF;
END $$;

-- A confirmation is no part of a settlement.
CREATE FUNCTION release.note_changes(
  p_rows release.confirmations_row[], p_verdicts "char"[], p_left release.settlement_change[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
END $$;
