-- The end-to-end test publishes synthetic payments into an environment and takes their rows away again. bo_operator may
-- delete nothing of bo but pairs; this lets it delete what one run has made, and nothing whose key is not of a run.
CREATE FUNCTION release.remove_synthetic(
  run text,               -- e2e-, and 8 to 32 digits and lower-case letters
  ledger_keys text[],
  order_keys text[],
  dead_letters bigint[]   -- dlq_id
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  removed bigint := 0;
  deleted bigint;
  of_run text := '%-' || run || '-%';
BEGIN
  IF run !~ '^e2e-[0-9a-z]{8,32}$' THEN
    RAISE EXCEPTION 'not the id of an end-to-end run' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- In the order in which the ingest locks them.
  DELETE FROM bo.ledger_entries WHERE tx_id = ANY (ledger_keys) AND tx_id LIKE of_run;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  removed := removed + deleted;
  DELETE FROM bo.payment_orders WHERE order_id = ANY (order_keys) AND order_id LIKE of_run;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  removed := removed + deleted;
  DELETE FROM sync.pair_confirmations WHERE payment_order_id = ANY (order_keys) AND payment_order_id LIKE of_run;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  removed := removed + deleted;
  DELETE FROM bo.payment_ledger_pairs WHERE payment_order_id = ANY (order_keys) AND payment_order_id LIKE of_run;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  removed := removed + deleted;
  DELETE FROM sync.crowded_entries WHERE related_id = ANY (order_keys) AND related_id LIKE of_run;
  DELETE FROM bo.consumer_dlq_events WHERE dlq_id = ANY (dead_letters) AND correlation_id LIKE run || '-%';
  GET DIAGNOSTICS deleted = ROW_COUNT;
  RETURN removed + deleted;
END $$;
