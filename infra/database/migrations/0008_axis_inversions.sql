-- Events whose axes went backwards in their partition (docs/clocks.md). NULL as long as the previous release counts: it writes
-- whole rows, and knows nothing of the column.
ALTER TABLE sync.hourly_counters ADD COLUMN axis_inversions bigint;
COMMENT ON COLUMN sync.hourly_counters.axis_inversions IS 'Events behind the one in their partition that outranks them by its axes; NULL means 0';
