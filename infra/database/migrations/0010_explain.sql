-- Why a row looks as it does (SPEC 17): dead letters by their broker's key, who may see user ids, and what an operator sees of
-- sessions that hold locks.

-- Hash: the key is any bytes of any length, and an entry of a B-tree has a largest size. No insert may fail for its key.
CREATE INDEX consumer_dlq_events_key ON bo.consumer_dlq_events USING hash (key);

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bo_user_ids') THEN
    CREATE ROLE bo_user_ids NOLOGIN;
  END IF;
END $$;

-- Not every owner of the schema may give this role.
DO $$
BEGIN
  GRANT pg_monitor TO bo_operator;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'bo_operator was not granted pg_monitor: it does not see what a session that holds a lock runs.';
END $$;
