-- Partitions that the host cannot get past (SPEC 7): an event that fails in its binding, before the function is called.

-- That a batch was tried and is not stored yet. A partition whose function is called is never taken for one that the host
-- cannot hand over.
CREATE TABLE sync.partition_attempts (
  topic     text NOT NULL,
  partition integer NOT NULL,
  kind      text NOT NULL,
  at        timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE sync.partition_attempts IS 'The last time that the function was called for a batch and did not store it at once';
COMMENT ON COLUMN sync.partition_attempts.kind IS 'slow, or what failed: contention, data, infrastructure, refused';

-- One row for each partition that has events to process and does not move; written by the timer.
CREATE TABLE sync.standing_partitions (
  topic       text NOT NULL,
  partition   integer NOT NULL,
  next_number bigint NOT NULL,
  owner       text,
  since       timestamptz NOT NULL,
  seen_at     timestamptz NOT NULL,
  asked_to    bigint,
  asked_at    timestamptz,
  moved_at    timestamptz,
  moves       integer NOT NULL DEFAULT 0,
  PRIMARY KEY (topic, partition)
);
COMMENT ON COLUMN sync.standing_partitions.next_number IS 'The first number that was not processed when it was last looked at';
COMMENT ON COLUMN sync.standing_partitions.owner IS 'The instance that held it then; NULL where that could not be read';
COMMENT ON COLUMN sync.standing_partitions.since IS 'Since when that number and that owner are the same';
COMMENT ON COLUMN sync.standing_partitions.seen_at IS 'When it was last looked at';
COMMENT ON COLUMN sync.standing_partitions.asked_to IS
  'The last number whose repair was asked for, until the checkpoint is past it';
COMMENT ON COLUMN sync.standing_partitions.asked_at IS 'When that was first asked for';
COMMENT ON COLUMN sync.standing_partitions.moved_at IS 'When the checkpoint was last moved';
COMMENT ON COLUMN sync.standing_partitions.moves IS 'How often, since the partition last moved by itself for a while';

GRANT SELECT, INSERT, UPDATE, DELETE ON sync.partition_attempts, sync.standing_partitions TO bo_sync;
GRANT SELECT ON sync.partition_attempts, sync.standing_partitions TO bo_operator;
GRANT UPDATE ON sync.standing_partitions TO bo_operator;
