import type { PartitionLedger } from '../store/metrics/readLedger.ts';
import type { BrokerReading, HeldPartition } from './brokerState.ts';

/** What is known of a partition from the ledger and the broker together. */
export interface PartitionState {
  readonly topic: string;
  readonly partition: number;
  /** The open epoch; `undefined` before the first event. */
  readonly epoch: number | undefined;
  /** Events that the broker holds and nobody has processed; `undefined` where the broker does not answer. */
  readonly lag: number | undefined;
  /** The broker's last number lies below what was processed; `undefined` where the broker does not answer. */
  readonly restarted: boolean | undefined;
  /** Enqueue time of the latest event that was processed, in milliseconds since 1970; `undefined` before the first. */
  readonly lastEnqueuedAt: number | undefined;
  /** The last number that the broker gave to an event; `undefined` where it does not answer. */
  readonly last: number | undefined;
  /** The numbers that make the lag, as far as they lie behind the last one that was processed; `undefined` without any. */
  readonly waiting: { readonly from: number; readonly to: number } | undefined;
  readonly gap: Gap | undefined;
}

/** Tells what is of the same topic and partition. */
export function isOf(one: { readonly topic: string; readonly partition: number }) {
  return (other: { readonly topic: string; readonly partition: number }): boolean =>
    one.topic === other.topic && one.partition === other.partition;
}

/** Numbers that were delivered past us lie between `first` and `last`. */
export interface Gap {
  readonly first: number;
  readonly last: number;
  readonly events: number;
}

/** The ledger has to be read before the broker, else what arrives in between looks like a recreated hub. */
export function partitionStates(
  ledger: readonly PartitionLedger[],
  broker: BrokerReading,
  topics: readonly string[],
): PartitionState[] {
  const key = ({ topic, partition }: { topic: string; partition: number }) => `${topic}/${partition}`;
  const held = new Map(broker.partitions.map((partition) => [key(partition), partition]));
  const processed = new Map(ledger.map((partition) => [key(partition), partition]));
  return [...new Set([...held.keys(), ...processed.keys()])]
    .map((name) => stateOf(processed.get(name), held.get(name)))
    .filter(({ topic }) => topics.includes(topic))
    .sort((one, other) =>
      one.topic === other.topic ? one.partition - other.partition : one.topic < other.topic ? -1 : 1,
    );
}

function stateOf(ledger: PartitionLedger | undefined, held: HeldPartition | undefined): PartitionState {
  const { topic, partition } = (held ?? ledger)!;
  const lastSeen = ledger?.lastSeen ?? null;
  const restarted = held && lastSeen !== null && held.last < lastSeen;
  const lag = held && lagOf(held, restarted ? null : lastSeen);
  return {
    topic,
    partition,
    epoch: ledger?.epoch,
    lag,
    lastEnqueuedAt: ledger?.lastEnqueuedAt,
    last: held?.last,
    waiting: lag && held ? { from: held.last - lag + 1, to: held.last } : undefined,
    restarted: held && (restarted ?? false),
    gap: gapOf(ledger, restarted ? undefined : held),
  };
}

/** Numbers below `beginning` are past their retention: nobody can process them any more. */
function lagOf({ isEmpty, beginning, last }: HeldPartition, lastSeen: number | null): number {
  return isEmpty ? 0 : Math.max(last - Math.max(lastSeen ?? -1, beginning - 1), 0);
}

/** The holes that the ledger knows, and what the hub still holds before the first number that was ever seen. */
function gapOf(ledger: PartitionLedger | undefined, held: HeldPartition | undefined): Gap | undefined {
  if (ledger === undefined) return undefined;
  const { firstSeen, gapEvents, gapFirst, gapLast } = ledger;
  const ahead =
    held === undefined || held.isEmpty || firstSeen === null ? 0 : Math.max(firstSeen - held.beginning, 0);
  const events = gapEvents + ahead;
  if (events === 0) return undefined;
  return {
    first: ahead > 0 ? Math.min(held!.beginning, gapFirst ?? Infinity) : gapFirst!,
    last: gapLast ?? firstSeen! - 1,
    events,
  };
}
