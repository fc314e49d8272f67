import type pg from 'pg';
import { type FormerCheckpoint, forgetFormer } from '../checkpoints/forgetFormer.ts';
import type { HostCheckpoints } from '../checkpoints/hostCheckpoints.ts';
import { moveRepaired, type Released } from '../checkpoints/moveRepaired.ts';
import type { LogicalTopic } from '../contracts/fields.ts';
import type { SettlementRules } from '../contracts/settlementRules.ts';
import type { MalformedVersions, PrivacySource } from '../privacy/privacy.ts';
import type { HubReader } from '../replay/hubReader.ts';
import {
  readAttempts,
  readStandingPartitions,
  type StandingPartition,
  writeStandingPartitions,
} from '../store/checkpoints/standingPartitions.ts';
import { compareWindows, controlledTopics } from '../store/control/compareWindows.ts';
import { readWindows } from '../store/control/readWindows.ts';
import { readCatchUps, writeCatchUps } from '../store/metrics/catchUps.ts';
import { closeFormerEpochs } from '../store/metrics/closeFormerEpochs.ts';
import { readGapRepairs, writeGapRepairs } from '../store/metrics/gapRepairs.ts';
import { inMetricsRun } from '../store/metrics/inMetricsRun.ts';
import { packagesSeen, recordPackage } from '../store/metrics/packages.ts';
import { readPairs, refreshIncompletePairs } from '../store/metrics/pairs.ts';
import { prune } from '../store/metrics/prune.ts';
import { readConnections } from '../store/metrics/readConnections.ts';
import { readContractHealth } from '../store/metrics/readContractHealth.ts';
import { readFreshness } from '../store/metrics/readFreshness.ts';
import { readLedger } from '../store/metrics/readLedger.ts';
import { readOpenDeadLetters } from '../store/metrics/readOpenDeadLetters.ts';
import { type OversizedGroups, readOversizedGroups } from '../store/metrics/readOversizedGroups.ts';
import { takeCounters } from '../store/metrics/takeCounters.ts';
import { takeRecreated } from '../store/metrics/takeRecreated.ts';
import { readViolations } from '../store/settlement/readViolations.ts';
import { sweepSettlements } from '../store/settlement/sweepSettlements.ts';
import { writeSettlementRules } from '../store/settlement/writeRules.ts';
import type { BrokerReading, BrokerState } from './brokerState.ts';
import type { Sample } from './catalogue.ts';
import { planCatchUp } from './catchUp.ts';
import { planRepairs, type RepairRequest } from './gapRepair.ts';
import { readHolders } from './holders.ts';
import { type PartitionState, partitionStates } from './partitions.ts';
import { reachedBy } from './reached.ts';
import { samplesOf } from './samples.ts';
import { type Holder, planStanding } from './standing.ts';

export interface MetricsContext {
  readonly database: pg.Pool;
  /** Hub names; an empty one is not read. */
  readonly topics: Readonly<Record<LogicalTopic, string>>;
  /** How the entries of a payment add up. */
  readonly settlementRules: SettlementRules;
  readonly deadLetterRetentionDays: number;
  /** How long after a window its events may still be on their way to the hub. */
  readonly controlGraceSeconds: number;
  readonly privacy: PrivacySource;
  /** Which package runs; `undefined` where it does not say. */
  readonly packageIdentity: string | undefined;
  readonly broker: BrokerState;
  readonly hub: HubReader;
  /** `undefined` where the settings do not say where they are. */
  readonly checkpoints: HostCheckpoints | undefined;
  /** Sends samples; rejects where they were not taken. */
  readonly send: (samples: readonly Sample[]) => Promise<void>;
}

/** A package that was seen within this time runs: its timer comes every 30 s, an outage aside. */
const PACKAGE_RUNS_MS = 5 * 60_000;

/** What is left of the settlements that changed then is for the next run. */
const SWEEP_MS = 10_000;
/** Likewise of windows that are due. */
const COMPARE_MS = 10_000;

/** What a run found. */
export interface MetricsRun {
  readonly partitions: readonly PartitionState[];
  /** Hubs that did not answer, with the kind of error: their lag is unknown. */
  readonly unreachable: ReadonlyMap<string, string>;
  readonly repairRequests: readonly RepairRequest[];
  readonly standing: readonly StandingPartition[];
  /** Who holds those that stood at the run before. */
  readonly holders: readonly Holder[];
  /** Topics whose hub was found to be another one than at the last run. */
  readonly recreated: readonly string[];
  readonly former: readonly FormerCheckpoint[];
  /** Partitions that stood and whose repair is done: whether they could be set going. */
  readonly released: readonly Released[];
  readonly prunedDeadLetters: number;
  /** Of each secret in use; empty also where the vault is away. */
  readonly keys: readonly MalformedVersions[];
  readonly oversized: OversizedGroups;
  /** The database had other rules for settlements: all are looked at again. */
  readonly rulesWritten: boolean;
  /** Why settlements were not looked at; the next run does. */
  readonly sweepFailure: unknown;
  /** Why windows of control totals were not compared; the next run does. */
  readonly compareFailure: unknown;
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
  const { broker, partitions, recreated, readAt } = await readPartitions(context, topics);
  const keys = await context.privacy.malformedVersions().catch(() => []);
  const former = await forgetFormer(context, partitions.filter(mayHaveFormer));
  const holders = await readHolders(context.checkpoints, await readStandingPartitions(database));

  // In a transaction of its own: a gap is repaired also where nobody takes the samples.
  const kept = await inMetricsRun(database, async (client, { pruneIsDue }) => {
    if (context.packageIdentity !== undefined) await recordPackage(client, context.packageIdentity);
    const rulesWritten = await writeSettlementRules(client, context.settlementRules);
    await refreshIncompletePairs(client);
    const { requests, repairs } = planRepairs(await readGapRepairs(client), partitions);
    await writeGapRepairs(client, repairs);
    const known = await readStandingPartitions(client, { lock: true });
    const plan = planStanding(known, partitions, holders, await readAttempts(client));
    await writeStandingPartitions(client, plan.standing);
    const prunedDeadLetters = pruneIsDue ? await prune(client, context.deadLetterRetentionDays) : 0;
    // Of a hub that does not answer, nobody knows what to ask for.
    const another = await takeRecreated(client, [...broker.createdAt.keys()]);
    const caught = planCatchUp(await readCatchUps(client), partitions, another, former);
    await writeCatchUps(client, caught.catchUps);
    return {
      repairRequests: [...requests, ...plan.requests, ...caught.requests],
      standing: plan.standing,
      prunedDeadLetters,
      oversized: await readOversizedGroups(client),
      rulesWritten,
    };
  });
  if (kept === undefined) return undefined;
  // From here on nothing is thrown: the repairs count as asked for, so they have to reach the queue.
  const found = { partitions, unreachable: broker.unreachable, recreated, former, keys, holders, ...kept };
  let released: Released[] = [];
  let sent = 0;
  let sendFailure: unknown;
  try {
    released = await moveRepaired({ ...context, actor: 'syncMetrics' });
    sent = (await sendSamples(context, { topics, partitions, broker, former, keys, ...kept })) ?? 0;
  } catch (error) {
    sendFailure = error;
  }
  // Last: it reads tables that batches write, and whoever locks one must not keep freshness and lag from being known.
  const sweepFailure = await failureOf(sweepSettlements(database, SWEEP_MS));
  const compareFailure = await failureOf(compare(context, partitions, readAt));
  return { ...found, released, sent, sendFailure, sweepFailure, compareFailure };
}

interface Found extends Pick<MetricsRun, 'partitions' | 'standing' | 'former' | 'oversized' | 'keys'> {
  readonly topics: readonly string[];
  readonly broker: BrokerReading;
}

/** What ledger and broker say of the partitions, once the epochs of hubs that are gone are closed. */
async function readPartitions(context: MetricsContext, topics: readonly string[]) {
  const read = async () => {
    const readAt = Date.now();
    // First: what arrives between the two looks like a recreated hub else.
    const ledger = await readLedger(context.database);
    const broker = await context.broker.read(topics);
    return { broker, partitions: partitionStates(ledger, broker, topics), readAt };
  };
  const found = await read();
  const hubs = [...found.broker.createdAt].map(([topic, createdAt]) => ({
    topic,
    createdAt,
    restarted: found.partitions.some((partition) => partition.topic === topic && partition.restarted),
  }));
  const recreated = await closeFormerEpochs(context.database, hubs);
  return { ...(recreated.length > 0 ? await read() : found), recreated };
}

/** Why it failed; `undefined` where it did not. */
async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Windows of control totals, where the topic is read. */
async function compare(
  { database, topics, controlGraceSeconds }: MetricsContext,
  partitions: readonly PartitionState[],
  readAt: number,
): Promise<void> {
  const controlled = controlledTopics(topics).map((source) => {
    const topic = topics[source];
    return { source, topic, reached: reachedBy(topic, partitions, readAt) };
  });
  await compareWindows(database, controlled, controlGraceSeconds, COMPARE_MS);
}

/** A checkpoint of another hub can only be where the hub was recreated, and matters where events wait. */
function mayHaveFormer({ waiting, epoch, restarted }: PartitionState): boolean {
  return waiting !== undefined && (restarted || (epoch ?? 0) > 0);
}

/** Counters are taken and sent in one transaction: where the samples are not taken, they are as they were. */
function sendSamples(
  context: MetricsContext,
  { topics, partitions, broker, standing, former, oversized, keys }: Found,
): Promise<number | undefined> {
  return inMetricsRun(context.database, async (client, { secondsSinceExport }) => {
    const samples = samplesOf({
      topics,
      ledgerTopic: context.topics.ledger,
      partitions,
      broker,
      standing,
      former,
      attempts: await readAttempts(client),
      seconds: secondsSinceExport,
      counters: await takeCounters(client),
      freshness: await readFreshness(client),
      contracts: await readContractHealth(client),
      openDeadLetters: await readOpenDeadLetters(client),
      pairs: await readPairs(client),
      oversized,
      violations: await readViolations(client),
      windows: await readWindows(client, context.topics),
      keys,
      connections: await readConnections(client),
      packages: await packagesSeen(client, new Date(Date.now() - PACKAGE_RUNS_MS)),
    });
    await context.send(samples);
    return samples.length;
  });
}
