-- Notes whose settlement a batch may have changed (SPEC 16, docs/adr/0013), in its transaction: one small row for all of it.
-- Nothing is looked up and nothing locked; what else follows from a change is for the timer to find (sweep_settlements.sql).

-- What the update of a row changes about settlements; NULL where it is nothing. One function a table: merge calls it by the row.
CREATE FUNCTION release.changes_of_settlements(old bo.ledger_entries, new bo.ledger_entries)
RETURNS release.settlement_change[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  -- The scale counts as well: an amount is the text of its source.
  WHEN (old.wallet_id, old.entry_type, old.amount, scale(old.amount), old.amount_signed, old.related_id, old.related_type,
      old.reverses_tx_id, old.currency, old.event_time)
    IS DISTINCT FROM
    (new.wallet_id, new.entry_type, new.amount, scale(new.amount), new.amount_signed, new.related_id, new.related_type,
      new.reverses_tx_id, new.currency, new.event_time)
  THEN ARRAY[(old.related_id, old.reverses_tx_id, NULL)::release.settlement_change,
    (new.related_id, new.reverses_tx_id, NULL)::release.settlement_change]
END;

CREATE FUNCTION release.changes_of_settlements(old bo.payment_orders, new bo.payment_orders)
RETURNS release.settlement_change[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN old.status <> new.status THEN ARRAY[(new.order_id, NULL, old.status)::release.settlement_change]
END;

-- A confirmation is no part of a settlement.
CREATE FUNCTION release.changes_of_settlements(old sync.pair_confirmations, new sync.pair_confirmations)
RETURNS release.settlement_change[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN NULL::release.settlement_change[];

-- Nor is a control total.
CREATE FUNCTION release.changes_of_settlements(old sync.source_totals, new sync.source_totals)
RETURNS release.settlement_change[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN NULL::release.settlement_change[];

-- p_verdicts as of merge; p_changes: of its updates; p_began_at: before the first pair was written.
CREATE FUNCTION release.note_changes(
  p_rows release.ledger_row[], p_verdicts "char"[], p_changes release.settlement_change[], p_began_at timestamptz
) RETURNS void LANGUAGE plpgsql
AS $$
BEGIN
  IF p_changes IS NOT NULL THEN
    INSERT INTO sync.settlement_changes (began_at, ended_at, ids, reversed)
    SELECT p_began_at, clock_timestamp(), array_agg(c.id) FILTER (WHERE c.id IS NOT NULL),
      array_agg(c.reversed) FILTER (WHERE c.reversed IS NOT NULL)
    FROM unnest(p_changes) c;
  END IF;
  IF p_verdicts IS NULL OR 'N' = ANY (p_verdicts) THEN
    INSERT INTO sync.settlement_changes (began_at, ended_at, ids, reversed)
    SELECT p_began_at, clock_timestamp(),
      array_agg(s.related_id) FILTER (WHERE s.related_id IS NOT NULL
        AND release.pair_group(s.entry_type, s.related_type, s.related_id) IS NULL),
      array_agg(s.reverses_tx_id) FILTER (WHERE s.reverses_tx_id IS NOT NULL)
    FROM unnest(p_rows) s;
  END IF;
END $$;

-- Whether a batch wrote a row of its table, and so may have written pairs. What an earlier batch noted by its time is found by
-- this one's then: a pair has the time of the last batch that wrote it.
CREATE FUNCTION release.wrote_rows(p_verdicts "char"[]) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(p_verdicts && '{N,A,D,C}'::"char"[], true);

-- An order is found by the time at which it was written. By its id only where its status meant something to the rules before, and
-- does not any more.
CREATE FUNCTION release.note_changes(
  p_rows release.orders_row[], p_verdicts "char"[], p_changes release.settlement_change[], p_began_at timestamptz
) RETURNS void LANGUAGE plpgsql
AS $$
BEGIN
  IF release.wrote_rows(p_verdicts) THEN
    INSERT INTO sync.settlement_changes (began_at, ended_at, ids)
    SELECT p_began_at, clock_timestamp(), array_agg(c.id)
    FROM unnest(p_changes) c
    WHERE c.status IN (SELECT t.status FROM sync.settlement_statuses t)
      AND c.id NOT IN (
        SELECT s.order_id FROM unnest(p_rows) s WHERE s.status IN (SELECT t.status FROM sync.settlement_statuses t));
  END IF;
END $$;

-- A confirmation is no part of a settlement, and writes pairs.
CREATE FUNCTION release.note_changes(
  p_rows release.confirmations_row[], p_verdicts "char"[], p_changes release.settlement_change[], p_began_at timestamptz
) RETURNS void LANGUAGE plpgsql
AS $$
BEGIN
  IF release.wrote_rows(p_verdicts) THEN
    INSERT INTO sync.settlement_changes (began_at, ended_at) VALUES (p_began_at, clock_timestamp());
  END IF;
END $$;

-- A window whose total is another one is compared anew (compare_windows.sql); a new one is due from the start.
CREATE FUNCTION release.note_changes(
  p_rows release.totals_row[], p_verdicts "char"[], p_changes release.settlement_change[], p_began_at timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_verdicts IS NOT NULL THEN
    UPDATE sync.source_totals t SET due_at = now(), attempts = 0
    FROM ROWS FROM (unnest(p_rows), unnest(p_verdicts)) AS s(${control.columns}, verdict)
    WHERE t.window_id = s.window_id AND s.verdict IN ('A', 'C');
  END IF;
END $$;
