-- Up Migration

-- reconcile keeps the keys of a dump in a temporary table. PUBLIC may have lost the right that it has by default. Where
-- the owner of the schema does not own the database, its administrator has to grant it.
DO $$
BEGIN
  EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO bo_operator', current_database());
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'bo_operator was not granted TEMPORARY on this database: reconcile needs it.';
END $$;
