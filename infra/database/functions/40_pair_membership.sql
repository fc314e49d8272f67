-- The order that an entry belongs to as one half of a payment (SPEC 5); NULL where it takes no part in pairing. The words are
-- those of shared/pairing/rule.ts.
CREATE FUNCTION release.pair_group(entry_type text, related_type text, related_id text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN entry_type IN ('PAYMENT', 'RECEIVE') AND (related_type IS NULL OR related_type = 'PAYMENT_ORDER') THEN related_id
END;

-- What the update of a row changes about pairs; NULL where it is nothing. One function a table: merge calls it by the row.
CREATE FUNCTION release.changes_of_pairs(old bo.ledger_entries, new bo.ledger_entries) RETURNS release.pair_change[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  -- The scale counts as well: the amount of a pair is the text of its source.
  WHEN (old.wallet_id, old.entry_type, old.amount, scale(old.amount), old.related_id, old.related_type, old.event_time)
    IS DISTINCT FROM
    (new.wallet_id, new.entry_type, new.amount, scale(new.amount), new.related_id, new.related_type, new.event_time)
  THEN ARRAY[
    (release.pair_group(old.entry_type, old.related_type, old.related_id), old.entry_type = 'PAYMENT', old.event_time,
      old.tx_id, false)::release.pair_change,
    (release.pair_group(new.entry_type, new.related_type, new.related_id), new.entry_type = 'PAYMENT', new.event_time,
      new.tx_id, true)::release.pair_change]
END;

CREATE FUNCTION release.changes_of_pairs(old bo.payment_orders, new bo.payment_orders) RETURNS release.pair_change[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN (old.amount, scale(old.amount), old.status) IS DISTINCT FROM (new.amount, scale(new.amount), new.status)
  THEN ARRAY[(new.order_id, NULL, NULL, NULL, NULL)::release.pair_change]
END;

CREATE FUNCTION release.changes_of_pairs(old sync.pair_confirmations, new sync.pair_confirmations)
RETURNS release.pair_change[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[(new.payment_order_id, NULL, NULL, NULL, NULL)::release.pair_change];

-- A control total is no part of a pair.
CREATE FUNCTION release.changes_of_pairs(old sync.source_totals, new sync.source_totals)
RETURNS release.pair_change[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN NULL::release.pair_change[];
