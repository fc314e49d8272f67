-- What the lines came to that a backfill is done with: a run that goes on has not to read them again.
ALTER TABLE sync.backfills
  ADD COLUMN lines    bigint NOT NULL DEFAULT 0,
  ADD COLUMN outside  bigint NOT NULL DEFAULT 0,
  ADD COLUMN rejected bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN sync.backfills.lines IS 'Lines that are done with and hold something';
COMMENT ON COLUMN sync.backfills.outside IS 'Of these, outside of the window';
COMMENT ON COLUMN sync.backfills.rejected IS 'Of these, rejected before the database saw them; which ones is in the file of rejected lines';
