-- Up Migration

-- Runs of the end-to-end test whose rows were taken away: what comes of them later is, too.
CREATE TABLE sync.removed_runs (
  run        text PRIMARY KEY,
  scenarios  text[] NOT NULL,
  removed_at timestamptz NOT NULL DEFAULT now()
);

-- Which packages of the functions run with this database (SPEC 12): the gate asks for it.
CREATE TABLE sync.packages (
  package       text PRIMARY KEY,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN sync.packages.package IS 'SHA-256 of its content, as npm run package prints it';
COMMENT ON COLUMN sync.packages.last_seen_at IS 'When one of its processes last said so: with its batches, every 20 s, and its timer';

GRANT SELECT, INSERT, UPDATE, DELETE ON sync.packages TO bo_sync;
GRANT SELECT ON sync.packages, sync.removed_runs TO bo_operator;
