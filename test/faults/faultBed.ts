import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import type { Client } from 'pg';
import { sweepSettlements } from '../../shared/store/settlement/sweepSettlements.ts';
import { FUNCTIONS_LOGIN, type LocalCloud, startLocalCloud } from '../../tools/local/cloud.ts';
import { type Hosts, startHosts } from '../../tools/local/hosts.ts';
import { lastLines } from '../../tools/local/processes/childProcess.ts';
import { makeReport, type Report } from '../../tools/local/report.ts';
import { buildFunctions } from '../../tools/package/build.ts';
import { BrokerWatch, type PartitionRange } from '../../tools/proof/brokerLog.ts';
import { type Progress, readProgress, unseenEvents } from '../../tools/proof/progress.ts';
import { type SyntheticEvent, syntheticEvents } from '../../tools/proof/synthetic/payments.ts';
import { Publisher } from '../../tools/proof/synthetic/publish.ts';
import { Random } from '../../tools/proof/synthetic/random.ts';
import { LOCAL_POSTGRES, postgresUrl, storageConnectionString } from '../../tools/target/localCloud.ts';
import { withClient } from '../../tools/target/withClient.ts';
import { LocalState } from '../cloud/localRun.ts';
import { until } from '../support/until.ts';
import { PostgresProxy } from './postgresProxy.ts';
import { StorageProxy } from './storageProxy.ts';
import { makeTestApp } from './testApp.ts';

const NOTHING: Progress = {
  consumed: 0,
  outcomes: {},
  redelivered: 0,
  deadLetters: {},
  pairs: {},
  freshness: {},
};

/** After an outage of seconds the host's next attempt comes within half a minute; one that just missed it, within a minute. */
export const RECOVERS_WITHIN_MS = 100_000;

/** How a host differs from the one that a test usually has. */
export interface HostOptions {
  /** Where it finds PostgreSQL, if not through the proxy. */
  readonly databasePort?: number;
  /** A login other than the functions' own; it needs to be a member of `bo_sync`. */
  readonly login?: { readonly user: string; readonly password: string };
  /** A file that is loaded instead of the built app. */
  readonly main?: string;
}

/**
 * A local cloud in the test's own process, so that the test can stop its parts, with proxies between the hosts and
 * PostgreSQL and between the hosts and the checkpoints.
 */
export class FaultBed {
  readonly cloud: LocalCloud;
  readonly database: PostgresProxy;
  readonly storage: StorageProxy;
  readonly #seed: number;
  readonly #state: LocalState;
  readonly #watch: BrokerWatch;
  readonly #publisher: Publisher;
  readonly #events: Generator<SyntheticEvent>;
  readonly #faults: Record<string, number> = {};
  readonly #startedAt = new Date();
  readonly #hosts: Hosts[] = [];
  #publishedByOthers = 0;

  private constructor(
    state: LocalState,
    cloud: LocalCloud,
    proxies: [PostgresProxy, StorageProxy],
    seed: number,
  ) {
    const { topics } = cloud.settings;
    const { connectionString } = cloud.emulator;
    this.cloud = cloud;
    [this.database, this.storage] = proxies;
    this.#seed = seed;
    this.#state = state;
    this.#watch = new BrokerWatch(connectionString, Object.values(topics));
    this.#publisher = new Publisher(connectionString, topics);
    this.#events = syntheticEvents(new Random(seed), `${seed}`, () => Date.now());
  }

  static async start(seed: number): Promise<FaultBed> {
    const [state] = await Promise.all([LocalState.create(), buildFunctions()]);
    // This is a process of its own, as is every test file.
    Object.assign(process.env, state.environment);
    const cloud = await startLocalCloud(() => {});
    const proxies = await Promise.all([
      PostgresProxy.start(cloud.postgres.port),
      StorageProxy.start(cloud.azurite.blobPort),
    ]);
    return new FaultBed(state, cloud, proxies, seed);
  }

  /** Starts a host with the next number; one that dies is started again. */
  async startHost(options: HostOptions = {}): Promise<Hosts> {
    const folder = join(this.cloud.stateDirectory, `hosts-${this.#hosts.length + 1}`);
    const { databasePort = this.database.port, login = FUNCTIONS_LOGIN, main } = options;
    const environment = {
      // Its statements would come between those that a test counts or cuts; a test of the timer says otherwise.
      METRICS_SCHEDULE: '0 0 0 1 1 *',
      // The real host hides a message that failed, or whose host died, for ten minutes.
      LOCAL_QUEUE_HIDDEN_SECONDS: '5',
      ...this.cloud.environment,
      DATABASE_URL: postgresUrl(databasePort, LOCAL_POSTGRES.database, login.user, login.password),
      AzureWebJobsStorage: storageConnectionString({
        ...this.cloud.azurite,
        blobPort: this.storage.port,
      }),
    };
    const app = makeTestApp(join(folder, 'app'), main);
    const hosts = await startHosts(1, environment, folder, () => {}, app);
    this.#hosts.push(hosts);
    return hosts;
  }

  /** The host that was started first. */
  get host(): Hosts {
    const [first] = this.#hosts;
    if (first === undefined) throw new Error('No host was started.');
    return first;
  }

  /** Waits until the first host runs again after this process was killed. */
  async untilRestarted(killed: number | undefined): Promise<void> {
    await until('the host runs again', 60_000, () => {
      const [pid] = this.host.pids;
      return pid !== undefined && pid !== killed;
    });
  }

  /** What the host with this number has logged since it was last started. */
  hostLog(number = 1): string {
    return readFileSync(join(this.cloud.stateDirectory, `hosts-${number}`, 'host-1.log'), 'utf8');
  }

  /** Waits for a line of the host: what it does shows elsewhere before it is logged. */
  logged(text: RegExp): Promise<void> {
    return until(`the host logs ${text}`, 90_000, () => text.test(this.hostLog()));
  }

  /** The next events of the seed. */
  nextEvents(count: number): SyntheticEvent[] {
    return Array.from({ length: count }, () => this.#events.next().value as SyntheticEvent);
  }

  /** Publishes the next events of the seed; returns when the broker has them. */
  publish(count: number): Promise<void> {
    return this.publishEvents(this.nextEvents(count));
  }

  async publishEvents(events: readonly SyntheticEvent[]): Promise<void> {
    this.#countFaults(events);
    for (const event of events) await this.#publisher.publish(event);
    await this.#publisher.flush();
  }

  /** Has another producer publish events; it returns when the broker has them. */
  async publishThrough(
    publish: (events: readonly SyntheticEvent[]) => Promise<void>,
    events: readonly SyntheticEvent[],
  ): Promise<void> {
    this.#countFaults(events);
    await publish(events);
    this.#publishedByOthers += events.length;
  }

  #countFaults(events: readonly SyntheticEvent[]): void {
    for (const { fault } of events) {
      if (fault !== undefined) this.#faults[fault] = (this.#faults[fault] ?? 0) + 1;
    }
  }

  get published(): number {
    return this.#publisher.published + this.#publishedByOthers;
  }

  /** What the partitions of the hubs hold. */
  ranges(): Promise<PartitionRange[]> {
    return this.#watch.ranges();
  }

  /** Runs something as the superuser. */
  asAdmin<V>(work: (client: Client) => Promise<V>): Promise<V> {
    return withClient(this.cloud.adminUrl, work);
  }

  /** Runs statements as the superuser. */
  async sql(...statements: string[]): Promise<void> {
    await this.asAdmin(async (client) => {
      for (const statement of statements) await client.query(statement);
    });
  }

  /** Waits until so many statements of hosts with this login wait for a lock. */
  async untilWaiting(count: number, login: string = FUNCTIONS_LOGIN.user): Promise<void> {
    await this.asAdmin((client) =>
      until(`${count} batches of ${login} wait for a lock`, 60_000, async () => {
        const { rowCount } = await client.query(
          `SELECT FROM pg_stat_activity WHERE usename = $1 AND wait_event_type = 'Lock'`,
          [login],
        );
        return (rowCount ?? 0) >= count;
      }),
    );
  }

  /** Waits until more deliveries than this were of numbers that were processed before. */
  async untilRedelivered(before: number): Promise<void> {
    await until('a batch is delivered again', 60_000, async () => (await this.redelivered()) > before);
  }

  async redelivered(): Promise<number> {
    return (await this.progress()).redelivered;
  }

  progress(): Promise<Progress> {
    return this.asAdmin(readProgress);
  }

  /** Every event is processed, and no host waits for an answer of PostgreSQL. */
  async caughtUp(withinMs = RECOVERS_WITHIN_MS): Promise<void> {
    await this.asAdmin((client) =>
      until('every event is processed', withinMs, async () => {
        return this.database.idle && (await unseenEvents(client, await this.ranges())) === 0;
      }),
    );
  }

  /** The last checkpointed sequence number of each partition, by `topic/partition`. */
  async checkpoints(): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    for await (const { name, metadata } of this.#checkpointContainer.listBlobsFlat({
      includeMetadata: true,
    })) {
      const match = /([^/]+)\/[^/]+\/checkpoint\/(\d+)$/.exec(name);
      if (match !== null) found.set(`${match[1]}/${match[2]}`, Number(metadata?.['sequencenumber']));
    }
    return found;
  }

  /** Kills the first host and deletes all checkpoints: the host that follows reads the hubs from their start. */
  async forgetCheckpoints(): Promise<void> {
    const [pid] = this.host.pids;
    this.host.killAll();
    const container = this.#checkpointContainer;
    for await (const { name } of container.listBlobsFlat()) {
      if (name.includes('/checkpoint/')) await container.deleteBlob(name);
    }
    await this.untilRestarted(pid);
  }

  get #checkpointContainer(): ContainerClient {
    const account = BlobServiceClient.fromConnectionString(this.cloud.azurite.connectionString);
    return account.getContainerClient('azure-webjobs-eventhub');
  }

  /** Does something, and waits until the host has logged this after it. */
  async untilLogged(text: RegExp, cause: () => Promise<unknown>, withinMs = 60_000): Promise<void> {
    const before = this.hostLog().length;
    await cause();
    await until(`the host logs ${text}`, withinMs, () => text.test(this.hostLog().slice(before)));
  }

  /** Holds the whole state since the start of the bed against the model. */
  report(): Promise<Report> {
    const { emulator, settings } = this.cloud;
    return this.asAdmin(async (client) => {
      // The timer's part, which is switched off here.
      await sweepSettlements(client, 60_000);
      return makeReport(client, emulator.connectionString, settings.topics, this.#watch, {
        seed: this.#seed,
        hosts: this.#hosts.length,
        hostRestarts: this.#hosts.reduce((sum, { restarts }) => sum + restarts, 0),
        published: this.published,
        faults: this.#faults,
        before: NOTHING,
        backlog: 0,
        startedAt: this.#startedAt,
        consumedAt: new Date(),
        controlTotals: null,
      });
    });
  }

  /**
   * Outcomes add up to what was published, no number is missing, every row is right, the dead letters are the
   * malformed events, and no host died but those that the test killed.
   */
  async assertExact({ hostRestarts = 0 } = {}): Promise<void> {
    const report = await this.report();
    assert.deepEqual(report.failures, [], report.mismatch_examples.join('\n'));
    assert.equal(report.consumed, this.published);
    assert.equal(report.gaps, 0);
    assert.equal(report.model_mismatches, 0);
    assert.equal(report.host_restarts, hostRestarts, `hosts that died\n${lastLines(this.hostLog())}`);
  }

  async stop(): Promise<void> {
    await Promise.all([
      this.#publisher.close(),
      this.#watch.close(),
      ...this.#hosts.map((hosts) => hosts.stop()),
    ]);
    await Promise.all([this.database.close(), this.storage.close()]);
    await this.cloud.stop();
    await this.#state.remove();
  }
}
