-- Large groups (SPEC 5): one related_id for a whole settlement run, or "N/A". To read such a group for each of its changes
-- would cost more with each entry. So its entries are listed in the order of the slots (sync.crowded_entries), and its
-- counts are kept by what changes: the cost of a change does not depend on the size of the group.
--
-- All of it happens under the lock of the pair's row. An entry changes under its own lock, in the transaction that then
-- waits for the pair's: so each change is taken exactly once, and a list that is made sees exactly the entries whose
-- change was taken.

-- Above so many entries a group is a crowd; with half of them or fewer, it is none any more.
CREATE FUNCTION release.crowd_limit() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 64;

-- Takes the changes of entries into the lists and counts of these groups; arguments as those of refresh_pairs.
CREATE FUNCTION release.change_crowds(
  p_ids text[], p_entries release.ledger_row[], p_verdicts "char"[], p_changes release.pair_change[]
) RETURNS void LANGUAGE plpgsql
AS $$
DECLARE
  change release.pair_change;
  difference record;
  changes release.pair_change[];
BEGIN
  changes := ARRAY(
    SELECT c FROM unnest(p_changes) c WHERE c.tx_id IS NOT NULL AND c.id = ANY (p_ids)
    UNION ALL
    SELECT (release.pair_group(s.entry_type, s.related_type, s.related_id), s.entry_type = 'PAYMENT', s.event_time,
      s.tx_id, true)::release.pair_change
    FROM ROWS FROM (unnest(p_entries), unnest(p_verdicts)) AS s(${ledger.columns}, verdict)
    WHERE coalesce(s.verdict, 'N') = 'N'
      AND release.pair_group(s.entry_type, s.related_type, s.related_id) = ANY (p_ids)
  );
  -- One by one: each is a look-up in the list's index, whatever its statistics say.
  FOREACH change IN ARRAY changes LOOP
    CONTINUE WHEN change.is_added;
    DELETE FROM sync.crowded_entries e
    WHERE e.related_id = change.id AND e.is_payment = change.is_payment AND e.event_time = change.event_time
      AND e.tx_id = change.tx_id;
  END LOOP;
  INSERT INTO sync.crowded_entries (related_id, is_payment, event_time, tx_id)
  SELECT c.id, c.is_payment, c.event_time, c.tx_id FROM unnest(changes) c WHERE c.is_added;
  FOR difference IN
    SELECT c.id,
      coalesce(sum(CASE WHEN c.is_added THEN 1 ELSE -1 END) FILTER (WHERE c.is_payment), 0) AS payments,
      coalesce(sum(CASE WHEN c.is_added THEN 1 ELSE -1 END) FILTER (WHERE NOT c.is_payment), 0) AS receives
    FROM unnest(changes) c GROUP BY c.id
  LOOP
    CONTINUE WHEN difference.payments = 0 AND difference.receives = 0;
    UPDATE bo.payment_ledger_pairs p SET
      payment_count = p.payment_count + difference.payments, receive_count = p.receive_count + difference.receives,
      updated_at = clock_timestamp(), ingested_at = clock_timestamp()
    WHERE p.payment_order_id = difference.id;
  END LOOP;
END $$;

-- What recompute_pairs has to know of a large group; the other arguments are of its confirmation, NULL without one.
CREATE FUNCTION release.crowd(
  p_id text, p_payment_tx_id text, p_receive_tx_id text, p_payer_wallet_id text, p_payee_wallet_id text, p_amount numeric,
  OUT payment_count integer, OUT receive_count integer, OUT payment release.pair_leg, OUT receive release.pair_leg,
  OUT event_time timestamptz, OUT payment_agrees boolean, OUT receive_agrees boolean
) LANGUAGE plpgsql STABLE
AS $$
DECLARE
  last_receive timestamptz;
BEGIN
  SELECT p.payment_count, p.receive_count INTO payment_count, receive_count
  FROM bo.payment_ledger_pairs p WHERE p.payment_order_id = p_id;
  payment := release.first_of_crowd(p_id, true);
  receive := release.first_of_crowd(p_id, false);
  SELECT e.event_time INTO event_time FROM sync.crowded_entries e WHERE e.related_id = p_id AND e.is_payment
  ORDER BY e.event_time DESC, e.tx_id DESC LIMIT 1;
  SELECT e.event_time INTO last_receive FROM sync.crowded_entries e WHERE e.related_id = p_id AND NOT e.is_payment
  ORDER BY e.event_time DESC, e.tx_id DESC LIMIT 1;
  event_time := greatest(event_time, last_receive);
  IF payment_count > 0 THEN
    payment_agrees := EXISTS (
      SELECT FROM bo.ledger_entries l
      WHERE l.tx_id = p_payment_tx_id AND l.entry_type = 'PAYMENT' AND l.wallet_id = p_payer_wallet_id
        AND abs(l.amount) = abs(p_amount)
        AND release.pair_group(l.entry_type, l.related_type, l.related_id) = p_id);
  END IF;
  IF receive_count > 0 THEN
    receive_agrees := EXISTS (
      SELECT FROM bo.ledger_entries l
      WHERE l.tx_id = p_receive_tx_id AND l.entry_type = 'RECEIVE' AND l.wallet_id = p_payee_wallet_id
        AND abs(l.amount) = abs(p_amount)
        AND release.pair_group(l.entry_type, l.related_type, l.related_id) = p_id);
  END IF;
END $$;

CREATE FUNCTION release.first_of_crowd(p_id text, p_is_payment boolean) RETURNS release.pair_leg
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  first_tx_id text;
  leg release.pair_leg;
BEGIN
  SELECT e.tx_id INTO first_tx_id FROM sync.crowded_entries e
  WHERE e.related_id = p_id AND e.is_payment = p_is_payment ORDER BY e.event_time, e.tx_id LIMIT 1;
  SELECT l.event_time, l.tx_id, l.wallet_id, l.amount INTO leg FROM bo.ledger_entries l WHERE l.tx_id = first_tx_id;
  RETURN leg;
END $$;

-- Groups that have become large, and those that are no longer.
CREATE FUNCTION release.turn_crowds(p_growing text[], p_shrinking text[]) RETURNS void LANGUAGE plpgsql
AS $$
BEGIN
  INSERT INTO sync.crowded_entries (related_id, is_payment, event_time, tx_id)
  SELECT i.id, l.entry_type = 'PAYMENT', l.event_time, l.tx_id
  FROM unnest(p_growing) i(id)
  CROSS JOIN LATERAL (
    SELECT x.* FROM bo.ledger_entries x
    WHERE x.related_id = i.id AND release.pair_group(x.entry_type, x.related_type, x.related_id) IS NOT NULL
    OFFSET 0
  ) l;
  DELETE FROM sync.crowded_entries e WHERE e.related_id = ANY (p_shrinking);
  UPDATE bo.payment_ledger_pairs p SET crowded = p.payment_order_id = ANY (coalesce(p_growing, '{}'))
  WHERE p.payment_order_id = ANY (p_growing || p_shrinking);
END $$;
