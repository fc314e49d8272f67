-- Compares windows of control totals with the rows that are here (SPEC 15, docs/adr/0014). The timer calls it until nothing is due;
-- each call is a transaction of its own.

-- What a row adds to the digest of its window (SPEC 15): any loss of a state shows, which a count and a sum of amounts do not see.
CREATE FUNCTION release.digest_of(key text, state text, version bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('x' || left(md5(key || '|' || state || '|' || coalesce(version::text, '')), 15))::bit(60)::bigint;

-- p_source: logical topic of the totals; p_topic: its hub. p_reached: up to when all that its hub has taken is processed; NULL:
-- nobody knows. Returns how many windows it looked at: those that are due, the earliest first, for two seconds.
--
-- A total knows every change that is earlier than generated_at. Rows that changed later may or may not be in it as they are here:
-- unless all of it agrees, only what holds with and without them is certain, and the window stays open until a newer total comes.
CREATE FUNCTION release.compare_windows(
  p_source text, p_topic text, p_reached timestamptz, p_grace interval
) RETURNS integer LANGUAGE plpgsql
-- Else the planner may read the whole table.
SET enable_seqscan = off
-- Where somebody holds a table, the next run compares.
SET lock_timeout = '1s'
AS $$
DECLARE
  total sync.source_totals;
  reached boolean;
  found_count bigint;
  found_sum numeric;
  newer bigint;
  with_digest boolean;
  found_digest numeric;
  same_content boolean;
  verdict text;
  looked integer := 0;
  began_at timestamptz := clock_timestamp();
BEGIN
  FOR total IN
    SELECT t.* FROM sync.source_totals t WHERE t.source_topic = p_source AND t.due_at <= now()
    ORDER BY t.due_at LIMIT 1000 FOR UPDATE SKIP LOCKED
  LOOP
    EXIT WHEN clock_timestamp() > began_at + interval '2 seconds';
    looked := looked + 1;
    reached := coalesce(greatest(total.window_end, total.updated_at) + p_grace <= p_reached, false);
    found_count := NULL;
    found_sum := NULL;
    verdict := 'open';
    -- Of another form it is nothing to compare with.
    with_digest := coalesce(total.digest LIKE 'v1:%', false);
    IF reached THEN
      IF p_source = 'ledger' THEN
        SELECT count(*), coalesce(sum(l.amount), 0),
          count(*) FILTER (WHERE coalesce(l.updated_at, l.source_enqueued_at) >= total.updated_at),
          sum(release.digest_of(l.tx_id, l.entry_type, l.source_version)) FILTER (WHERE with_digest)
        INTO found_count, found_sum, newer, found_digest FROM bo.ledger_entries l
        WHERE l.created_at >= total.window_start AND l.created_at < total.window_end;
      ELSE
        SELECT count(*), coalesce(sum(o.amount), 0),
          count(*) FILTER (WHERE coalesce(o.updated_at, o.source_enqueued_at) >= total.updated_at),
          sum(release.digest_of(o.order_id, o.status, o.source_version)) FILTER (WHERE with_digest)
        INTO found_count, found_sum, newer, found_digest FROM bo.payment_orders o
        WHERE o.created_at >= total.window_start AND o.created_at < total.window_end;
      END IF;
      same_content := NOT with_digest OR total.digest = 'v1:' || coalesce(found_digest, 0);
      verdict := CASE
        WHEN found_count = total.row_count AND found_sum = total.amount_sum AND same_content THEN 'matched'
        WHEN found_count < total.row_count THEN 'short'
        WHEN found_count - newer > total.row_count THEN 'over'
        WHEN newer > 0 THEN 'open'
        WHEN found_sum <> total.amount_sum THEN 'amount_differs'
        ELSE 'content_differs'
      END;
    END IF;
    INSERT INTO bo.control_totals AS c (topic, window_start, window_end, expected_count, expected_sum, found_count, found_sum,
      state, version, generated_at, first_checked_at, last_checked_at)
    VALUES (p_topic, total.window_start, total.window_end, total.row_count, total.amount_sum, found_count, found_sum,
      verdict, total.source_version, total.updated_at, CASE WHEN reached THEN now() END, CASE WHEN reached THEN now() END)
    ON CONFLICT (topic, window_start) DO UPDATE SET
      window_end = excluded.window_end, expected_count = excluded.expected_count, expected_sum = excluded.expected_sum,
      found_count = excluded.found_count, found_sum = excluded.found_sum, state = excluded.state, version = excluded.version,
      generated_at = excluded.generated_at, first_checked_at = coalesce(c.first_checked_at, excluded.first_checked_at),
      last_checked_at = excluded.last_checked_at
    -- What an older total has shown stands until the newer one can be compared.
    WHERE reached OR c.last_checked_at IS NULL;
    UPDATE sync.source_totals t SET
      attempts = t.attempts + reached::integer,
      due_at = CASE
        WHEN verdict = 'matched' THEN NULL
        -- What nobody compares any more stays as it was found.
        WHEN reached AND now() > total.updated_at + interval '7 days' THEN NULL
        WHEN NOT reached THEN greatest(greatest(total.window_end, total.updated_at) + p_grace, now() + interval '5 seconds')
        ELSE now() + least(interval '10 seconds' * 2 ^ least(t.attempts, 6), interval '10 minutes')
      END
    WHERE t.window_id = total.window_id;
  END LOOP;
  RETURN looked;
END $$;

-- An operator's: what was loaded may have filled these windows, so they are compared anew.
CREATE FUNCTION release.compare_again(p_source text, p_start timestamptz, p_end timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
  windows integer;
BEGIN
  UPDATE sync.source_totals t SET due_at = now(), attempts = 0
  WHERE t.source_topic = p_source AND t.window_start < p_end AND t.window_end > p_start;
  GET DIAGNOSTICS windows = ROW_COUNT;
  RETURN windows;
END $$;
