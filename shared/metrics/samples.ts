import type { FormerCheckpoint } from '../checkpoints/forgetFormer.ts';
import { VIOLATIONS } from '../contracts/settlementRules.ts';
import type { MalformedVersions } from '../privacy/privacy.ts';
import type { LastAttempt, StandingPartition } from '../store/checkpoints/standingPartitions.ts';
import type { UnmatchedWindows } from '../store/control/readWindows.ts';
import type { PairState } from '../store/metrics/pairs.ts';
import type { Connections } from '../store/metrics/readConnections.ts';
import type { ContractHealth } from '../store/metrics/readContractHealth.ts';
import type { Freshness } from '../store/metrics/readFreshness.ts';
import type { OpenDeadLetters } from '../store/metrics/readOpenDeadLetters.ts';
import type { OversizedGroups } from '../store/metrics/readOversizedGroups.ts';
import type { CounterDelta } from '../store/metrics/takeCounters.ts';
import type { ViolationCount } from '../store/settlement/readViolations.ts';
import type { BrokerReading } from './brokerState.ts';
import type { MetricName, Sample } from './catalogue.ts';
import { isOf, type PartitionState } from './partitions.ts';
import { isStuck, QUIET_SECONDS } from './standing.ts';

/** Everything that a run of the timer has read. */
export interface Snapshot {
  readonly topics: readonly string[];
  readonly ledgerTopic: string;
  readonly partitions: readonly PartitionState[];
  readonly broker: BrokerReading;
  readonly standing: readonly StandingPartition[];
  readonly former: readonly FormerCheckpoint[];
  readonly attempts: readonly LastAttempt[];
  readonly counters: readonly CounterDelta[];
  /** Since counters were last taken; `null` for the first time. */
  readonly seconds: number | null;
  readonly freshness: readonly Freshness[];
  readonly contracts: readonly ContractHealth[];
  readonly openDeadLetters: readonly OpenDeadLetters[];
  readonly pairs: PairState;
  readonly oversized: OversizedGroups;
  readonly violations: readonly ViolationCount[];
  /** Of each topic whose source sends control totals. */
  readonly windows: readonly UnmatchedWindows[];
  readonly keys: readonly MalformedVersions[];
  readonly connections: Connections;
  /** That run. */
  readonly packages: readonly string[];
}

/** The samples of a run. What is unknown, or a share of nothing, is absent. */
export function samplesOf(snapshot: Snapshot): Sample[] {
  return [
    ...counterSamples(snapshot.counters),
    ...recentSamples(snapshot),
    ...partitionSamples(snapshot),
    ...freshnessSamples(snapshot),
    ...contractSamples(snapshot),
    ...stateSamples(snapshot),
    ...windowSamples(snapshot),
  ];
}

function sample(name: MetricName, value: number | null | undefined, attributes: Sample['attributes'] = {}) {
  return value === null || value === undefined || !Number.isFinite(value)
    ? []
    : [{ name, value, attributes }];
}

const SUCCESSES = ['applied', 'stale', 'duplicate', 'conflict'] as const;
const OUTCOMES = [...SUCCESSES, 'dead_lettered', 'ignored'] as const;

/** Counters that are sent under one name, by the name that the database gives them. */
const COUNTER_OF: Readonly<
  Record<
    string,
    { readonly metric: MetricName; readonly label?: 'error' | 'profile_id'; readonly topic?: false }
  >
> = {
  dead_letters: { metric: 'consumer_dlq_total', label: 'error' },
  redelivered: { metric: 'consumer_redelivered_total' },
  version_missing: { metric: 'consumer_version_missing_total' },
  key_mismatch: { metric: 'consumer_key_mismatch_total' },
  mixed_axes: { metric: 'consumer_mixed_axes_total' },
  axis_inversions: { metric: 'consumer_axis_inversions_total' },
  profile_messages: { metric: 'consumer_contract_profile_messages_total', label: 'profile_id' },
  alias_hit: { metric: 'consumer_contract_alias_hit_total', label: 'profile_id' },
  core_violation: { metric: 'consumer_contract_core_violation_total', label: 'profile_id' },
  pairing_skipped: { metric: 'pairing_skipped_non_payment_order_total', topic: false },
  pairs_reopened: { metric: 'pairing_reopened_total', topic: false },
};

function counterSamples(counters: readonly CounterDelta[]): Sample[] {
  const samples = counters.flatMap(({ topic, name, label, added }) => {
    if ((OUTCOMES as readonly string[]).includes(name)) {
      return sample('consumer_outcomes_total', added, { topic, outcome: name });
    }
    const counter = COUNTER_OF[name];
    if (counter === undefined) throw new Error(`The counter ${name} is sent under no name.`);
    return sample(counter.metric, added, {
      ...(counter.topic !== false && { topic }),
      ...(counter.label !== undefined && { [counter.label]: label }),
    });
  });
  const messages = [...totalsByTopic(counters)].flatMap(([topic, totals]) =>
    Object.entries(totals).flatMap(([status, total]) =>
      total > 0 ? sample('consumer_messages_total', total, { topic, status }) : [],
    ),
  );
  return [...messages, ...samples];
}

/** Events by status (SPEC 4). */
type Totals = Record<'success' | 'error' | 'ignored', number>;
const STATUS: Readonly<Record<string, keyof Totals>> = {
  ...Object.fromEntries(SUCCESSES.map((outcome) => [outcome, 'success'])),
  dead_lettered: 'error',
  ignored: 'ignored',
};

function totalsByTopic(counters: readonly CounterDelta[]): Map<string, Totals> {
  const totals = new Map<string, Totals>();
  for (const { topic, name, added } of counters) {
    const status = STATUS[name];
    if (status === undefined) continue;
    const total = totals.get(topic) ?? { success: 0, error: 0, ignored: 0 };
    totals.set(topic, total);
    total[status] += added;
  }
  return totals;
}

/** Of what came since the last run. */
function recentSamples({ topics, counters, seconds }: Snapshot): Sample[] {
  const totals = totalsByTopic(counters);
  return topics.flatMap((topic) => {
    const { success, error, ignored } = totals.get(topic) ?? { success: 0, error: 0, ignored: 0 };
    // What is ignored was neither stored nor refused: it takes no part in a ratio.
    const judged = success + error;
    const perSecond = seconds === null ? null : (judged + ignored) / seconds;
    return [
      ...sample('consumer_throughput_per_second', perSecond, { topic }),
      ...sample('consumer_error_ratio', error / judged, { topic }),
      ...sample('consumer_upsert_success_ratio', success / judged, { topic }),
      ...sample('consumer_dlq_ratio', error / judged, { topic }),
    ];
  });
}

function partitionSamples({ topics, broker, partitions, standing, former, attempts }: Snapshot): Sample[] {
  const hubs = topics.flatMap((topic) => {
    if (broker.unreachable.has(topic)) return sample('consumer_broker_reachable', 0, { topic });
    const isLeft = former.some((checkpoint) => checkpoint.topic === topic && !checkpoint.forgotten);
    const restarted = partitions.some((partition) => partition.topic === topic && partition.restarted);
    return [
      ...sample('consumer_broker_reachable', 1, { topic }),
      ...sample('consumer_hub_recreated', Number(isLeft || restarted), { topic }),
    ];
  });
  return [
    ...hubs,
    ...partitions.flatMap(({ topic, partition, lag, gap }) => {
      const attributes = { topic, partition: String(partition) };
      const isHere = isOf({ topic, partition });
      const stuck = standing.some((one) => isHere(one) && isStuck(one));
      const refused = attempts.some(
        (one) => isHere(one) && one.kind === 'refused' && one.secondsAgo < QUIET_SECONDS,
      );
      return [
        ...sample('consumer_kafka_lag', lag, attributes),
        ...sample('consumer_sequence_gap_events', gap?.events ?? 0, attributes),
        ...sample('consumer_partition_stuck', Number(stuck), attributes),
        ...sample('consumer_partition_refused', Number(refused), attributes),
      ];
    }),
  ];
}

function freshnessSamples({ topics, freshness }: Snapshot): Sample[] {
  return freshness
    .filter(({ topic }) => topics.includes(topic))
    .flatMap(({ topic, event, publish }) => [
      ...sample('consumer_freshness_seconds', event, { topic }),
      ...sample('consumer_publish_freshness_seconds', publish, { topic }),
    ]);
}

/** Over 7 days. */
function contractSamples({ contracts, ledgerTopic }: Snapshot): Sample[] {
  const ledger = contracts.find(({ topic }) => topic === ledgerTopic);
  return [
    ...sample('related_id_null_ratio', ledger && ledger.relatedIdNull / ledger.success),
    ...contracts.flatMap(({ topic, success, received, versionMissing, aliasHit, coreViolation }) => [
      ...sample('metadata_coverage_ratio', 1 - versionMissing / success, { topic }),
      ...sample('version_missing_ratio', versionMissing / success, { topic }),
      ...sample('core_violation_rate', coreViolation / success, { topic }),
      ...sample('alias_hit_ratio', aliasHit / received, { topic }),
    ]),
  ];
}

function stateSamples({
  topics,
  openDeadLetters,
  pairs,
  oversized,
  violations,
  keys,
  connections,
  packages,
}: Snapshot): Sample[] {
  const openOf = (topic: string) => openDeadLetters.find((row) => row.topic === topic)?.open ?? 0;
  return [
    ...topics.flatMap((topic) => sample('consumer_dlq_open', openOf(topic), { topic })),
    ...sample('pair_complete_ratio', pairs.completeRatio),
    ...sample('pairing_incomplete_age_seconds', pairs.incompleteAge, { quantile: '0.95' }),
    ...sample('pairing_oversized_groups', oversized.groups),
    ...VIOLATIONS.flatMap((kind) => {
      const found = violations.find((violation) => violation.kind === kind);
      return sample('settlement_violations', found?.payments ?? 0, { kind });
    }),
    ...keys.flatMap(({ secret, versions }) => sample('privacy_malformed_key_versions', versions, { secret })),
    ...sample('db_pool_checked_out', connections.checkedOut),
    ...sample('db_pool_connections_ratio', connections.ratio),
    ...packages.flatMap((identity) => sample('consumer_package_running', 1, { package: identity })),
  ];
}

function windowSamples({ windows }: Snapshot): Sample[] {
  return windows.flatMap(({ topic, open, incomplete, missingRows, amountDifference }) => [
    ...sample('source_windows_open', open, { topic }),
    ...sample('source_windows_incomplete', incomplete, { topic }),
    ...sample('source_missing_rows', missingRows, { topic }),
    ...sample('source_amount_difference', amountDifference, { topic }),
  ]);
}
