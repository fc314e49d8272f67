/** What a metric is: the one list that code, alerts, workbook, docs and tests read (SPEC 9). */
export interface Metric {
  /** A counter is sent as what was added since it was last sent; a gauge as it is; a histogram as sum, count, least and most. */
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** UCUM. */
  readonly unit:
    | '1'
    | 's'
    | '1/s'
    | '{event}'
    | '{batch}'
    | '{connection}'
    | '{checkout}'
    | '{pair}'
    | '{payment}'
    | '{row}'
    | '{window}';
  readonly attributes: readonly string[];
  /**
   * `counters`: by the timer, from the hourly counters that each batch writes in its transaction. `database`, `broker`, `vault`:
   * by the timer, from there. `worker`: by each process, from what it measures itself.
   */
  readonly source: 'counters' | 'database' | 'broker' | 'vault' | 'worker';
  readonly meaning: string;
}

const counter = (unit: Metric['unit'], attributes: readonly string[], meaning: string) =>
  ({ kind: 'counter', unit, attributes, source: 'counters', meaning }) as const;
const gauge = (
  unit: Metric['unit'],
  attributes: readonly string[],
  source: 'counters' | 'database' | 'broker' | 'vault',
  meaning: string,
) => ({ kind: 'gauge', unit, attributes, source, meaning }) as const;
const histogram = (unit: Metric['unit'], attributes: readonly string[], meaning: string) =>
  ({ kind: 'histogram', unit, attributes, source: 'worker', meaning }) as const;

const TOPIC = ['topic'];
const PARTITION = ['topic', 'partition'];
const PROFILE = ['topic', 'profile_id'];

export const METRICS = {
  consumer_messages_total: counter(
    '{event}',
    ['topic', 'status'],
    'Events by status: success (stored, or known to be older), error (dead letter) or ignored (the profile says so)',
  ),
  consumer_outcomes_total: counter(
    '{event}',
    ['topic', 'outcome'],
    'Events by outcome: applied, stale, duplicate, conflict, dead_lettered, ignored',
  ),
  consumer_dlq_total: counter('{event}', ['topic', 'error'], 'Dead letters by reason'),
  consumer_version_missing_total: counter(
    '{event}',
    TOPIC,
    'Stored events with neither updated_at nor version',
  ),
  consumer_contract_profile_messages_total: counter(
    '{event}',
    PROFILE,
    'Events that were read under a contract profile',
  ),
  consumer_contract_alias_hit_total: counter(
    '{event}',
    PROFILE,
    'Events with at least one field by an alias',
  ),
  consumer_contract_core_violation_total: counter(
    '{event}',
    PROFILE,
    'Events whose core fields are missing, invalid or contradictory',
  ),
  consumer_key_mismatch_total: counter('{event}', TOPIC, "Events whose broker key is not their record's key"),
  consumer_mixed_axes_total: counter(
    '{event}',
    TOPIC,
    'Events without the first ordering axis, for a record that has it',
  ),
  consumer_axis_inversions_total: counter(
    '{event}',
    TOPIC,
    'Events behind the one in their partition that outranks them: a clock or a version went backwards',
  ),
  consumer_redelivered_total: counter('{event}', TOPIC, 'Deliveries of events that were processed before'),
  pairing_skipped_non_payment_order_total: counter(
    '{event}',
    [],
    'Entries that are stored and not paired: they belong to another domain',
  ),
  pairing_reopened_total: counter('{pair}', [], 'Pairs that were complete and no longer are'),

  consumer_event_lag_seconds: histogram(
    's',
    TOPIC,
    "From the broker's enqueue time to the commit, per event",
  ),
  consumer_batch_duration_seconds: histogram('s', TOPIC, 'From the delivery of a batch to its commit'),
  db_pool_checkout_latency_seconds: histogram(
    's',
    ['slow'],
    'Wait for a connection of the pool; slow says whether it was longer than a second, so that a share of slow ones is a percentile',
  ),

  consumer_kafka_lag: gauge(
    '{event}',
    PARTITION,
    'broker',
    'Events that the broker holds and nobody has processed; absent where the broker does not answer',
  ),
  consumer_broker_reachable: gauge(
    '1',
    TOPIC,
    'broker',
    '1 where the broker answers the timer, else 0: then lag is absent',
  ),
  consumer_hub_recreated: gauge(
    '1',
    TOPIC,
    'broker',
    '1 where a hub was recreated and its former checkpoints can not be deleted, or its numbers lie below what was processed',
  ),
  privacy_malformed_key_versions: gauge(
    '1',
    ['secret'],
    'vault',
    'Versions of a secret, after the latest usable one, that are no keys',
  ),
  consumer_package_running: gauge(
    '1',
    ['package'],
    'database',
    '1 for each package of the app that was seen in the last 5 minutes: SHA-256 of its content',
  ),
  consumer_freshness_seconds: gauge('s', TOPIC, 'database', 'Age of the latest business event'),
  consumer_publish_freshness_seconds: gauge('s', TOPIC, 'database', 'Age of the latest occurred_at'),
  consumer_throughput_per_second: gauge(
    '1/s',
    TOPIC,
    'counters',
    'Events a second since the last run of the timer',
  ),
  consumer_error_ratio: gauge('1', TOPIC, 'counters', 'Share of errors since the last run of the timer'),
  consumer_upsert_success_ratio: gauge(
    '1',
    TOPIC,
    'counters',
    'Share of successes since the last run of the timer',
  ),
  consumer_dlq_ratio: gauge('1', TOPIC, 'counters', 'Share of dead letters since the last run of the timer'),
  consumer_dlq_open: gauge('{event}', TOPIC, 'database', 'Dead letters that are not resolved'),
  related_id_null_ratio: gauge(
    '1',
    [],
    'database',
    'Share of stored entries without related_id, over 7 days',
  ),
  metadata_coverage_ratio: gauge(
    '1',
    TOPIC,
    'database',
    'Share of stored events with updated_at or version, over 7 days',
  ),
  version_missing_ratio: gauge('1', TOPIC, 'database', 'Share of stored events with neither, over 7 days'),
  core_violation_rate: gauge('1', TOPIC, 'database', 'Core violations per stored event, over 7 days'),
  alias_hit_ratio: gauge('1', TOPIC, 'database', 'Share of events with an alias, over 7 days'),
  pair_complete_ratio: gauge('1', [], 'database', 'Share of pairs that are complete'),
  pairing_oversized_groups: gauge(
    '{pair}',
    [],
    'database',
    'Groups of more than 1,000 entries: one related_id for many payments',
  ),
  settlement_violations: gauge(
    '{payment}',
    ['kind'],
    'database',
    'Payments that do not add up, for more than 60 seconds, by what is wrong',
  ),
  source_windows_open: gauge(
    '{window}',
    TOPIC,
    'database',
    'Windows of control totals that are not compared yet, or wait for a newer total',
  ),
  source_windows_incomplete: gauge(
    '{window}',
    TOPIC,
    'database',
    'Windows with fewer rows than their source has counted, or with another sum of amounts',
  ),
  source_missing_rows: gauge(
    '{row}',
    TOPIC,
    'database',
    'Rows that the source has counted and that are not here',
  ),
  source_amount_difference: gauge(
    '1',
    TOPIC,
    'database',
    'Difference of the sums of windows that have all their rows, in units of the amounts',
  ),
  pairing_incomplete_age_seconds: gauge(
    's',
    ['quantile'],
    'database',
    'Age of the incomplete pairs, by the event time of the half that is there',
  ),
  consumer_sequence_gap_events: gauge(
    '{event}',
    PARTITION,
    'database',
    'Sequence numbers that were delivered past us and are not known to be lost',
  ),
  consumer_partition_stuck: gauge(
    '1',
    PARTITION,
    'database',
    '1 where the host can not hand over an event and the partition does not get past it by itself, or only by repairs',
  ),
  consumer_partition_refused: gauge(
    '1',
    PARTITION,
    'database',
    '1 where PostgreSQL has refused most of a batch for one reason within three minutes, and the batch waits',
  ),
  db_pool_checked_out: gauge(
    '{connection}',
    [],
    'database',
    'Connections of all instances that are in use at this moment',
  ),
  db_pool_connections_ratio: gauge(
    '1',
    [],
    'database',
    'Open connections of the server, as a share of those that the login may have',
  ),
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof METRICS;

/** One value of a metric. */
export interface Sample {
  readonly name: MetricName;
  readonly attributes: Readonly<Record<string, string>>;
  readonly value: number;
}
