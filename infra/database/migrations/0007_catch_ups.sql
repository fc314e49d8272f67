-- What the timer has to do for a hub that was made anew outlives the run that found it (SPEC 7).
ALTER TABLE sync.hubs ADD COLUMN catch_up boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN sync.hubs.catch_up IS 'It was found to be another one, and its events are not asked for yet';

-- One row for each partition whose host waits at its former checkpoint: its events come through repairs.
CREATE TABLE sync.catch_ups (
  topic       text NOT NULL,
  partition   integer NOT NULL,
  next_number bigint NOT NULL,
  since       timestamptz NOT NULL,
  seen_at     timestamptz NOT NULL,
  asked_to    bigint NOT NULL,
  PRIMARY KEY (topic, partition)
);
COMMENT ON COLUMN sync.catch_ups.next_number IS 'The first number that was not processed when it was last looked at';
COMMENT ON COLUMN sync.catch_ups.since IS 'Since when that number is the same';
COMMENT ON COLUMN sync.catch_ups.seen_at IS 'When it was last looked at';
COMMENT ON COLUMN sync.catch_ups.asked_to IS 'The last number whose repair was asked for';

GRANT SELECT, INSERT, UPDATE, DELETE ON sync.catch_ups TO bo_sync;
GRANT SELECT ON sync.catch_ups TO bo_operator;
