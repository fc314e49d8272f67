-- Events that a profile has ignored (SPEC 2.4, 4). NULL as long as the previous release counts: it writes whole rows, and knows
-- nothing of the column.
ALTER TABLE sync.hourly_counters ADD COLUMN ignored bigint;
COMMENT ON COLUMN sync.hourly_counters.ignored IS 'Deletes, tombstones and messages of a connector that the profile ignores; NULL means 0';
