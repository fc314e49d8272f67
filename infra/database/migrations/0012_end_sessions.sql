-- The runbooks end sessions that hold a lock, or connections that nobody uses. Sessions of superusers stay out of reach.
-- Not every owner of the schema may give this role.
DO $$
BEGIN
  GRANT pg_signal_backend TO bo_operator;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'bo_operator was not granted pg_signal_backend: it does not end sessions of other logins.';
END $$;
