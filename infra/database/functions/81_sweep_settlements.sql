-- Looks at the settlements that have changed, and keeps the list of violations and the large settlements by what it sees. The
-- timer calls it until nothing is left to do; each call is a transaction of its own.

-- Above so many entries a settlement is kept and not computed again for each reader.
CREATE FUNCTION release.large_group() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 500;

-- A group to look at. since: when the earliest batch that may have changed it was written.
CREATE TYPE release.outdated_settlement AS (
  id    text COLLATE "C",
  since timestamptz
);

-- Above so many noted batches nobody has looked for a long time: a pass over all groups is less work.
CREATE FUNCTION release.longest_backlog() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 5000;

-- Takes up to p_batches noted batches, the earliest first, and of a pass over all groups p_groups (one is under way after the
-- rules or this text changed). Returns how many settlements it looked at, or how many notes it took that lead to none; 0: nothing is
-- left to do, or somebody else does it.
CREATE FUNCTION release.sweep_settlements(p_batches integer, p_groups integer) RETURNS integer
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
-- Where somebody holds a table, the next run looks.
SET lock_timeout = '1s'
AS $$
DECLARE
  pass_from text;
  passed text[];
  first_at timestamptz;
  last_at timestamptz;
  notes integer;
  undone release.outdated_settlement[];
  outdated release.outdated_settlement[];
BEGIN
  SELECT r.next_group INTO pass_from FROM sync.settlement_rules r FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;

  -- 1 what was noted
  IF (SELECT count(*) FROM sync.settlement_changes) > release.longest_backlog() THEN
    DELETE FROM sync.settlement_changes;
    DELETE FROM sync.large_settlements;
    pass_from := '';
  END IF;
  WITH taken AS (
    DELETE FROM sync.settlement_changes c
    WHERE c.ctid = ANY (ARRAY(SELECT x.ctid FROM sync.settlement_changes x ORDER BY x.began_at LIMIT p_batches))
    RETURNING c.*
  )
  SELECT count(*), min(t.began_at), max(t.ended_at),
    ARRAY(SELECT (u.tx_id, min(n.began_at))::release.outdated_settlement
      FROM taken n, unnest(n.reversed) u(tx_id) GROUP BY u.tx_id),
    ARRAY(SELECT (i.id, min(n.began_at))::release.outdated_settlement
      FROM taken n, unnest(n.ids) i(id) GROUP BY i.id)
  INTO notes, first_at, last_at, undone, outdated
  FROM taken t;
  outdated := outdated || ARRAY(
    SELECT (p.payment_order_id, p.updated_at)::release.outdated_settlement FROM bo.payment_ledger_pairs p
    WHERE p.updated_at BETWEEN first_at AND last_at
  ) || ARRAY(
    SELECT (o.order_id, o.ingested_at)::release.outdated_settlement FROM bo.payment_orders o
    WHERE o.ingested_at BETWEEN first_at AND last_at
      AND o.status = ANY (ARRAY(SELECT t.status FROM sync.settlement_statuses t)));

  -- 2 the next groups of a pass
  IF pass_from IS NOT NULL THEN
    passed := ARRAY(
      SELECT DISTINCT l.related_id FROM bo.ledger_entries l WHERE l.related_id >= pass_from
      ORDER BY l.related_id LIMIT p_groups + 1);
    UPDATE sync.settlement_rules SET next_group = passed[p_groups + 1];
    outdated := outdated || ARRAY(
      SELECT (p.id, now())::release.outdated_settlement FROM unnest(passed[:p_groups]) p(id));
  END IF;

  -- 3 what follows: a reversal changes the group of what it undoes, up to the root of the chain; an entry that reversals
  -- waited for takes them out of the groups in which they waited.
  outdated := outdated || ARRAY(
    WITH RECURSIVE chain AS (
      SELECT l.related_id, l.reverses_tx_id, u.since
      FROM unnest(undone) u CROSS JOIN LATERAL (SELECT * FROM bo.ledger_entries x WHERE x.tx_id = u.id OFFSET 0) l
      UNION
      SELECT l.related_id, l.reverses_tx_id, c.since
      FROM chain c CROSS JOIN LATERAL (SELECT * FROM bo.ledger_entries x WHERE x.tx_id = c.reverses_tx_id OFFSET 0) l
    )
    SELECT (c.related_id, min(c.since))::release.outdated_settlement FROM chain c
    WHERE c.related_id IS NOT NULL GROUP BY c.related_id
  ) || ARRAY(
    SELECT (v.payment_order_id, now())::release.outdated_settlement FROM sync.settlement_violations v
    WHERE v.awaited IS NOT NULL AND EXISTS (SELECT FROM bo.ledger_entries l WHERE l.tx_id = ANY (v.awaited))
  );
  IF cardinality(outdated) = 0 THEN
    -- Batches of orders that mean nothing to the rules: what is noted behind them is next.
    RETURN notes;
  END IF;

  -- 4 compute, with a snapshot that is later than that of step 1
  DELETE FROM sync.large_settlements k WHERE k.payment_order_id IN (SELECT o.id FROM unnest(outdated) o);
  WITH looked AS MATERIALIZED (
    SELECT o.id, min(o.since) AS since FROM unnest(outdated) o GROUP BY o.id
  ), found AS MATERIALIZED (
    SELECT o.id, o.since, s.* FROM looked o
    CROSS JOIN LATERAL (SELECT * FROM sync.settlements x WHERE x.payment_order_id = o.id OFFSET 0) s
  ), kept AS (
    INSERT INTO sync.large_settlements
    SELECT f.payment_order_id, f.state, f.paid_amount, f.refunded_amount, f.charged_back_amount, f.fee_amount,
      f.reversed_amount, f.net_amount, f.refundable_amount, f.currency, f.charge_entries, f.refund_entries,
      f.chargeback_entries, f.fee_entries, f.hold_entries, f.reversal_entries, f.violations, f.first_event_time,
      f.last_event_time, f.entries, f.awaited
    FROM found f WHERE f.entries > release.large_group()
  ), written AS (
    INSERT INTO sync.settlement_violations AS v (payment_order_id, kind, since, awaited)
    SELECT f.id, k.kind, f.since, CASE WHEN k.kind = 'reversal_of_unknown' THEN f.awaited END
    FROM found f, unnest(f.violations) k(kind)
    ON CONFLICT (payment_order_id, kind) DO UPDATE SET awaited = excluded.awaited
      WHERE v.awaited IS DISTINCT FROM excluded.awaited
  )
  DELETE FROM sync.settlement_violations v USING looked o
  WHERE v.payment_order_id = o.id AND NOT EXISTS (
    SELECT FROM found f WHERE f.id = o.id AND v.kind = ANY (f.violations));
  RETURN cardinality(outdated);
END $$;
