import type pg from 'pg';
import type { LogicalTopic } from '../contracts/fields.ts';
import { readGapRepairs, writeGapRepairs } from '../store/metrics/gapRepairs.ts';
import { inMetricsRun } from '../store/metrics/inMetricsRun.ts';
import { readPairs, refreshIncompletePairs } from '../store/metrics/pairs.ts';
import { prune } from '../store/metrics/prune.ts';
import { readConnections } from '../store/metrics/readConnections.ts';
import { readContractHealth } from '../store/metrics/readContractHealth.ts';
import { readFreshness } from '../store/metrics/readFreshness.ts';
import { readLedger } from '../store/metrics/readLedger.ts';
import { readOpenDeadLetters } from '../store/metrics/readOpenDeadLetters.ts';
import { type OversizedGroups, readOversizedGroups } from '../store/metrics/readOversizedGroups.ts';
import { takeCounters } from '../store/metrics/takeCounters.ts';
import type { BrokerReading, BrokerState } from './brokerState.ts';
import type { Sample } from './catalogue.ts';
import { planRepairs, type RepairRequest } from './gapRepair.ts';
import { type PartitionState, partitionStates } from './partitions.ts';
import { samplesOf } from './samples.ts';

export interface MetricsContext {
  readonly database: pg.Pool;
  /** Hub names; an empty one is not read. */
  readonly topics: Readonly<Record<LogicalTopic, string>>;
  readonly deadLetterRetentionDays: number;
  readonly broker: BrokerState;
  /** Sends samples; rejects where they were not taken. */
  readonly send: (samples: readonly Sample[]) => Promise<void>;
}

/** What a run found. */
export interface MetricsRun {
  readonly partitions: readonly PartitionState[];
  /** Hubs that did not answer, with the kind of error: their lag is unknown. */
  readonly unreachable: ReadonlyMap<string, string>;
  readonly repairRequests: readonly RepairRequest[];
  readonly prunedDeadLetters: number;
  readonly oversized: OversizedGroups;
  readonly sent: number;
  /** Why the samples were not taken; the next run sends the counters. */
  readonly sendFailure: unknown;
}

/**
 * One run of the timer: reads the state of broker and database, keeps house, and sends what it has found. Returns nothing
 * while another run is under way.
 */
export async function runMetrics(context: MetricsContext): Promise<MetricsRun | undefined> {
  const { database } = context;
  const topics = Object.values(context.topics).filter((topic) => topic !== '');
  const ledger = await readLedger(database);
  const broker = await context.broker.read(topics);
  const partitions = partitionStates(ledger, broker, topics);

  // In a transaction of its own: a gap is repaired also where nobody takes the samples.
  const kept = await inMetricsRun(database, async (client, { pruneIsDue }) => {
    await refreshIncompletePairs(client);
    const { requests, repairs } = planRepairs(await readGapRepairs(client), partitions);
    await writeGapRepairs(client, repairs);
    const prunedDeadLetters = pruneIsDue ? await prune(client, context.deadLetterRetentionDays) : 0;
    return { repairRequests: requests, prunedDeadLetters, oversized: await readOversizedGroups(client) };
  });
  if (kept === undefined) return undefined;
  const found = { partitions, unreachable: broker.unreachable, ...kept };
  try {
    const sent = (await sendSamples(context, topics, partitions, broker, kept.oversized)) ?? 0;
    return { ...found, sent, sendFailure: undefined };
  } catch (sendFailure) {
    return { ...found, sent: 0, sendFailure };
  }
}

/** Counters are taken and sent in one transaction: where the samples are not taken, they are as they were. */
function sendSamples(
  context: MetricsContext,
  topics: readonly string[],
  partitions: readonly PartitionState[],
  broker: BrokerReading,
  oversized: OversizedGroups,
): Promise<number | undefined> {
  return inMetricsRun(context.database, async (client, { secondsSinceExport }) => {
    const samples = samplesOf({
      topics,
      ledgerTopic: context.topics.ledger,
      partitions,
      broker,
      seconds: secondsSinceExport,
      counters: await takeCounters(client),
      freshness: await readFreshness(client),
      contracts: await readContractHealth(client),
      openDeadLetters: await readOpenDeadLetters(client),
      pairs: await readPairs(client),
      oversized,
      connections: await readConnections(client),
    });
    await context.send(samples);
    return samples.length;
  });
}
