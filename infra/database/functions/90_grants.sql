-- Who may execute what (SPEC 10). Functions of the ingest run with the rights of who calls them.
REVOKE ALL ON SCHEMA release FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA release FROM PUBLIC;
GRANT USAGE ON SCHEMA release TO bo_sync, bo_operator;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA release TO bo_sync, bo_operator;
-- What a dump is loaded with, and what deletes rows, is the operators' only.
REVOKE EXECUTE ON FUNCTION release.record_backfill, release.backfill_ledger, release.backfill_orders,
  release.remove_synthetic FROM bo_sync;
REVOKE EXECUTE ON FUNCTION release.delete_synthetic FROM bo_sync, bo_operator;
REVOKE EXECUTE ON FUNCTION release.sweep_settlements, release.compare_windows FROM bo_operator;
-- What this folder makes outside of this schema: made anew, so its grants as well.
GRANT EXECUTE ON FUNCTION sync.settlement_of TO bo_sync, bo_operator, bo_admin_read;
GRANT SELECT ON bo.payment_settlements TO bo_sync, bo_operator, bo_admin_read;
GRANT SELECT ON sync.settlements, bo.ledger_entries_signed TO bo_sync, bo_operator;
