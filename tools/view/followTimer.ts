import { BrokerState } from '../../shared/metrics/brokerState.ts';
import type { Sample } from '../../shared/metrics/catalogue.ts';
import { partitionStates } from '../../shared/metrics/partitions.ts';
import { samplesOf } from '../../shared/metrics/samples.ts';
import { readAttempts, readStandingPartitions } from '../../shared/store/checkpoints/standingPartitions.ts';
import { readWindows } from '../../shared/store/control/readWindows.ts';
import { readPairs } from '../../shared/store/metrics/pairs.ts';
import { readConnections } from '../../shared/store/metrics/readConnections.ts';
import { readContractHealth } from '../../shared/store/metrics/readContractHealth.ts';
import { readFreshness } from '../../shared/store/metrics/readFreshness.ts';
import { readLedger } from '../../shared/store/metrics/readLedger.ts';
import { readOpenDeadLetters } from '../../shared/store/metrics/readOpenDeadLetters.ts';
import { readOversizedGroups } from '../../shared/store/metrics/readOversizedGroups.ts';
import type { CounterDelta } from '../../shared/store/metrics/takeCounters.ts';
import { readViolations } from '../../shared/store/settlement/readViolations.ts';
import type { MetricRow } from '../local/telemetry/ingestion.ts';
import { type ExportedCounter, exportedCounters } from '../operator/queries/exportedCounters.ts';
import { packagesRunning } from '../operator/queries/packagesRunning.ts';
import { ANSWERS_WITHIN_MS, hubConnection, namespaceRequired, type Target } from '../target/target.ts';

/**
 * The metrics of a deployed sync, read by its operator: each time that its timer has sent its own, the same are computed from
 * database and broker. So the view needs no access to Application Insights; and where the timer is silent, so is this.
 */
export class TimerFollower {
  readonly #target: Target;
  readonly #broker: BrokerState;
  #known: { at: Date; counters: ReadonlyMap<string, number> } | undefined;

  constructor(target: Target) {
    this.#target = target;
    const connect = hubConnection(namespaceRequired(target.settings.eventHubs));
    this.#broker = new BrokerState(connect, ANSWERS_WITHIN_MS);
  }

  /** The rows of the timer's latest run; none where there was none since the last call. */
  async rows(): Promise<MetricRow[]> {
    const { at, counters } = await exportedCounters(this.#target.database);
    const before = this.#known;
    if (at === null || at.getTime() === before?.at.getTime()) return [];
    this.#known = { at, counters: new Map(counters.map((counter) => [keyOf(counter), counter.value])) };
    const seconds = before === undefined ? null : (at.getTime() - before.at.getTime()) / 1000;
    // What was counted before somebody watched is no news.
    const added = before === undefined ? [] : deltasOf(counters, before.counters);
    const now = new Date();
    return (await this.#samples(added, seconds)).map(({ name, value, attributes }) => ({
      TimeGenerated: now,
      Name: name,
      Sum: value,
      ItemCount: 1,
      Min: undefined,
      Max: undefined,
      Properties: attributes,
    }));
  }

  async close(): Promise<void> {
    await this.#broker.close();
  }

  async #samples(counters: readonly CounterDelta[], seconds: number | null): Promise<Sample[]> {
    const { database, settings } = this.#target;
    const topics = Object.values(settings.topics).filter((topic) => topic !== '');
    const ledger = await readLedger(database);
    const broker = await this.#broker.read(topics);
    const client = await database.connect();
    try {
      return samplesOf({
        topics,
        ledgerTopic: settings.topics.ledger,
        partitions: partitionStates(ledger, broker, topics),
        broker,
        standing: await readStandingPartitions(client),
        // Checkpoints and keys are the functions' own: whether they are all right, doctor says.
        former: [],
        keys: [],
        attempts: await readAttempts(client),
        counters,
        seconds,
        freshness: await readFreshness(client),
        contracts: await readContractHealth(client),
        openDeadLetters: await readOpenDeadLetters(client),
        pairs: await readPairs(client),
        oversized: await readOversizedGroups(client),
        connections: await readConnections(client),
        violations: await readViolations(client),
        windows: await readWindows(client, settings.topics),
        packages: await packagesRunning(database),
      });
    } finally {
      client.release();
    }
  }
}

function keyOf({ hour, topic, name, label }: ExportedCounter): string {
  return JSON.stringify([hour, topic, name, label]);
}

function deltasOf(counters: readonly ExportedCounter[], before: ReadonlyMap<string, number>): CounterDelta[] {
  return counters
    .map((counter) => ({ ...counter, added: counter.value - (before.get(keyOf(counter)) ?? 0) }))
    .filter(({ added }) => added > 0);
}
