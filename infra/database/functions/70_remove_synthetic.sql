-- The end-to-end test publishes synthetic payments into an environment and takes their rows away again. bo_operator may
-- delete nothing of bo but pairs; this lets it delete what one run has made, and nothing whose key is not of a run.

-- Deletes the rows of a run: keys begin with tx-SIDE-SCENARIO-RUN- or order-SCENARIO-RUN-, which their indexes find.
CREATE FUNCTION release.delete_synthetic(run text, scenarios text[]) RETURNS bigint
LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
  removed bigint := 0;
  deleted bigint;
  prefix text;
  beyond text;
  -- Of the run's control totals; tools/operator/e2e/totals.ts computes the same.
  first_window timestamp := timestamp '2000-01-02' + ('x' || left(md5(run), 8))::bit(32)::bigint % 43800 * interval '1 hour';
  total_version bigint := ('x' || left(md5(run), 12))::bit(48)::bigint;
  windows timestamp[];
BEGIN
  IF run IS NULL OR run !~ '^e2e-[0-9a-z]{8,32}$' THEN
    RAISE EXCEPTION 'not the id of an end-to-end run' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- In the order in which the ingest locks them.
  FOR prefix IN
    SELECT format('tx-%s-%s-%s', side, scenario, run)
    FROM unnest(scenarios) scenario, unnest(ARRAY['p', 'p2', 'r', 'ro1', 'ri1', 'ro2', 'ri2', 'fo', 'fi', 'co', 'ci', 'xp', 'xr']) side ORDER BY 1
  LOOP
    -- The character after '-' is '.'.
    DELETE FROM bo.ledger_entries l WHERE l.tx_id > prefix || '-' AND l.tx_id < prefix || '.';
    GET DIAGNOSTICS deleted = ROW_COUNT;
    removed := removed + deleted;
  END LOOP;
  FOR prefix IN SELECT format('order-%s-%s', scenario, run) FROM unnest(scenarios) scenario ORDER BY 1 LOOP
    beyond := prefix || '.';
    prefix := prefix || '-';
    DELETE FROM bo.payment_orders o WHERE o.order_id > prefix AND o.order_id < beyond;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    removed := removed + deleted;
    DELETE FROM sync.pair_confirmations c WHERE c.payment_order_id > prefix AND c.payment_order_id < beyond;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    removed := removed + deleted;
    DELETE FROM bo.payment_ledger_pairs p WHERE p.payment_order_id > prefix AND p.payment_order_id < beyond;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    removed := removed + deleted;
    DELETE FROM sync.crowded_entries e WHERE e.related_id > prefix AND e.related_id < beyond;
    DELETE FROM sync.settlement_violations v WHERE v.payment_order_id > prefix AND v.payment_order_id < beyond;
  END LOOP;
  windows := ARRAY(SELECT first_window + n * interval '10 minutes' FROM generate_series(0, cardinality(scenarios) - 1) n);
  DELETE FROM sync.source_totals t WHERE t.source_version = total_version AND t.window_id = ANY (ARRAY(
    SELECT topic || '|' || to_char(w, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    FROM unnest(ARRAY['ledger', 'payment_order']) topic, unnest(windows) w));
  DELETE FROM bo.control_totals c
  WHERE c.version = total_version AND c.window_start = ANY (ARRAY(SELECT w AT TIME ZONE 'UTC' FROM unnest(windows) w));
  DELETE FROM bo.consumer_dlq_events WHERE starts_with(correlation_id, run || '-');
  GET DIAGNOSTICS deleted = ROW_COUNT;
  RETURN removed + deleted;
END $$;

-- The operator's: takes a run away, and notes it for what comes late.
CREATE FUNCTION release.remove_synthetic(run text, scenarios text[]) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = ''
BEGIN ATOMIC
  INSERT INTO sync.removed_runs AS r (run, scenarios) VALUES (run, scenarios)
  ON CONFLICT ON CONSTRAINT removed_runs_pkey DO UPDATE SET scenarios = excluded.scenarios, removed_at = now();
  SELECT release.delete_synthetic(run, scenarios);
END;

-- The timer's: what has come of these runs since. Events may wait in a hub, or be delivered once more; a day later none is
-- expected.
CREATE FUNCTION release.remove_late_synthetic() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = ''
BEGIN ATOMIC
  DELETE FROM sync.removed_runs WHERE removed_at < now() - interval '1 day';
  SELECT coalesce(sum(release.delete_synthetic(r.run, r.scenarios)), 0)::bigint FROM sync.removed_runs r;
END;
