-- Up Migration

-- Replay of dead letters, repair of gaps (SPEC 7, 8), and who asked for it.

-- One row a request, for as long as somebody may ask for its result. A request that is delivered again, or goes on in
-- another run, finds here how far it has come.
CREATE TABLE sync.replay_requests (
  request_id   text PRIMARY KEY,
  request      jsonb NOT NULL,
  requested_by text NOT NULL,
  status       text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'done')),
  position     bigint NOT NULL DEFAULT 0,
  ceiling      bigint NOT NULL,
  examined     bigint NOT NULL DEFAULT 0,
  resolved     bigint NOT NULL DEFAULT 0,
  rejected     bigint NOT NULL DEFAULT 0,
  exhausted    bigint NOT NULL DEFAULT 0,
  lost         bigint NOT NULL DEFAULT 0,
  started_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now(),
  finished_at  timestamptz
);
COMMENT ON COLUMN sync.replay_requests.position IS 'The last dead letter, or sequence number, that is done with';
COMMENT ON COLUMN sync.replay_requests.ceiling IS 'The last one that the request is about';
COMMENT ON COLUMN sync.replay_requests.examined IS 'Dead letters or events that were looked at';
COMMENT ON COLUMN sync.replay_requests.resolved IS 'Of these, stored now; in a dry run, those that would be';
COMMENT ON COLUMN sync.replay_requests.rejected IS 'Of these, still refused by the contract or the database';
COMMENT ON COLUMN sync.replay_requests.exhausted IS 'Of these, left alone: too many attempts, or a topic that nobody reads';
COMMENT ON COLUMN sync.replay_requests.lost IS 'Sequence numbers of a gap that the broker no longer has';

CREATE TABLE sync.audit_log (
  audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at       timestamptz NOT NULL DEFAULT now(),
  actor    text NOT NULL,
  login    text NOT NULL DEFAULT session_user,
  action   text NOT NULL,
  details  jsonb NOT NULL,
  result   jsonb NOT NULL
);
COMMENT ON TABLE sync.audit_log IS 'What operators did, and what came of it; nobody may change or delete a row';
COMMENT ON COLUMN sync.audit_log.actor IS 'Who asked for it, as the request says';
COMMENT ON COLUMN sync.audit_log.login IS 'The database login that wrote the row';

-- Numbers that the broker no longer has: lost, by number, and no gap any more.
CREATE TABLE sync.lost_events (
  topic       text NOT NULL,
  partition   integer NOT NULL,
  epoch       integer NOT NULL,
  numbers     int8multirange NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition, epoch)
);

CREATE OR REPLACE VIEW sync.sequence_gaps AS
SELECT topic, partition, epoch, lower(gap) AS first_number, upper(gap) - 1 AS last_number
FROM (
  SELECT topic, partition, epoch, seen FROM sync.partitions
  UNION ALL
  SELECT topic, partition, epoch, seen FROM sync.closed_epochs
) ledger
LEFT JOIN sync.lost_events lost USING (topic, partition, epoch)
CROSS JOIN LATERAL unnest(int8multirange(range_merge(seen)) - seen - coalesce(numbers, '{}')) gap;

-- The epoch whose numbers a dead letter, or an event of that time, belongs to: NULL for the one that is open.
CREATE FUNCTION sync.closed_epoch_at_v1(topic text, partition integer, enqueued_at timestamptz) RETURNS integer
LANGUAGE sql STABLE
RETURN (
  SELECT min(t.epoch) FROM sync.closed_epochs t
  WHERE t.topic = closed_epoch_at_v1.topic AND t.partition = closed_epoch_at_v1.partition
    AND t.last_enqueued_at >= closed_epoch_at_v1.enqueued_at
);

REVOKE EXECUTE ON FUNCTION sync.closed_epoch_at_v1 FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sync.closed_epoch_at_v1 TO bo_sync, bo_operator;
GRANT SELECT, INSERT, UPDATE ON sync.replay_requests, sync.lost_events TO bo_sync, bo_operator;
GRANT SELECT, INSERT ON sync.audit_log TO bo_sync, bo_operator;
-- What is past its retention.
GRANT DELETE ON sync.replay_requests, sync.hourly_counters, sync.hourly_dead_letters TO bo_sync;

-- Replay looks for open dead letters of a topic, a reason or a time, in the order of their ids.
CREATE INDEX consumer_dlq_events_open ON bo.consumer_dlq_events (dlq_id) WHERE resolved_at IS NULL;
