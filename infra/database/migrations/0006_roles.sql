-- Up Migration

-- Least privilege (SPEC 6, 10). Group roles without login; the identities of a deployment, or the local login, are
-- members of one. The owner of the schemas runs the migrations and nothing else.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['bo_sync', 'bo_admin_read', 'bo_operator'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', name);
    END IF;
  END LOOP;
END $$;

REVOKE ALL ON SCHEMA bo, sync FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA sync FROM PUBLIC;

-- The functions: read and write data, no DDL. Rows of the serving tables are never deleted, but for pairs whose
-- last input went and dead letters past their retention.
GRANT USAGE ON SCHEMA bo, sync TO bo_sync;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA bo TO bo_sync;
GRANT DELETE ON bo.payment_ledger_pairs, bo.consumer_dlq_events TO bo_sync;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA sync TO bo_sync;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA sync TO bo_sync;

-- The Admin API: the three serving tables, nothing else.
GRANT USAGE ON SCHEMA bo TO bo_admin_read;
GRANT SELECT ON bo.ledger_entries, bo.payment_orders, bo.payment_ledger_pairs TO bo_admin_read;

-- The command line: reads everything, and writes through the same functions as the stream.
GRANT USAGE ON SCHEMA bo, sync TO bo_operator;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA bo TO bo_operator;
GRANT DELETE ON bo.payment_ledger_pairs TO bo_operator;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA sync TO bo_operator;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA sync TO bo_operator;

-- The list of migrations belongs to the owner.
REVOKE INSERT, UPDATE ON sync.migrations FROM bo_sync, bo_operator;
