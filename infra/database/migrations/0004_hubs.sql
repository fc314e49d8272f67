-- Which hub a topic's open epochs belong to (SPEC 7): one that was deleted and made again has another time of creation.
CREATE TABLE sync.hubs (
  topic      text PRIMARY KEY,
  created_at timestamptz NOT NULL
);
COMMENT ON TABLE sync.hubs IS 'When the hub of each topic was created, as the broker said at the last run of the timer';

GRANT SELECT, INSERT, UPDATE ON sync.hubs TO bo_sync;
GRANT SELECT ON sync.hubs TO bo_operator;
