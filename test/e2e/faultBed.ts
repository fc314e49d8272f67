import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BrokerWatch } from '../../local/check/brokerLog.ts';
import { type Progress, readProgress, unseenEvents } from '../../local/check/progress.ts';
import { makeReport, type Report } from '../../local/check/report.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { type Hosts, startHosts } from '../../local/hosts.ts';
import { type SyntheticEvent, syntheticEvents } from '../../local/synthetic/payments.ts';
import { Publisher } from '../../local/synthetic/publish.ts';
import { Random } from '../../local/synthetic/random.ts';
import { withClient } from '../../local/withClient.ts';
import { LocalState, until } from './localRun.ts';

const NOTHING: Progress = {
  consumed: 0,
  outcomes: {},
  redelivered: 0,
  deadLetters: {},
  pairs: {},
  freshness: {},
};

/** A local cloud in the test's own process, so that the test can stop its parts, with one host and one publisher. */
export class FaultBed {
  readonly cloud: LocalCloud;
  readonly #seed: number;
  readonly #state: LocalState;
  readonly #watch: BrokerWatch;
  readonly #publisher: Publisher;
  readonly #events: Generator<SyntheticEvent>;
  readonly #faults: Record<string, number> = {};
  readonly #startedAt = new Date();
  #hosts: Hosts | undefined;

  private constructor(state: LocalState, cloud: LocalCloud, seed: number) {
    const { topics } = cloud.settings;
    const { connectionString } = cloud.emulator;
    this.cloud = cloud;
    this.#seed = seed;
    this.#state = state;
    this.#watch = new BrokerWatch(connectionString, Object.values(topics));
    this.#publisher = new Publisher(connectionString, topics);
    this.#events = syntheticEvents(new Random(seed), `${seed}`, () => Date.now());
  }

  static async start(seed: number): Promise<FaultBed> {
    const state = await LocalState.create();
    // This is a process of its own, as is every test file.
    Object.assign(process.env, state.environment);
    return new FaultBed(state, await startLocalCloud(() => {}), seed);
  }

  /** The host's restarts count as failures of the test: see `report`. */
  async startHost(): Promise<void> {
    this.#hosts = await startHosts(1, this.cloud.environment, this.#logDirectory, () => {});
  }

  get hosts(): Hosts {
    if (this.#hosts === undefined) throw new Error('No host was started.');
    return this.#hosts;
  }

  /** What the host has logged. */
  get hostLog(): string {
    return readFileSync(join(this.#logDirectory, 'host-1.log'), 'utf8');
  }

  get #logDirectory(): string {
    return join(this.cloud.stateDirectory, 'hosts');
  }

  /** Publishes the next events of the seed; returns when the broker has them. */
  async publish(count: number): Promise<void> {
    for (let published = 0; published < count; published++) {
      const event: SyntheticEvent = this.#events.next().value;
      if (event.fault !== undefined) this.#faults[event.fault] = (this.#faults[event.fault] ?? 0) + 1;
      await this.#publisher.publish(event);
    }
    await this.#publisher.flush();
  }

  get published(): number {
    return this.#publisher.published;
  }

  /** Events that were processed, as the database counts them. */
  consumed(): Promise<number> {
    return withClient(this.cloud.adminUrl, async (client) => (await readProgress(client)).consumed);
  }

  async caughtUp(withinMs: number): Promise<void> {
    await withClient(this.cloud.adminUrl, (client) =>
      until('every event is processed', withinMs, async () => {
        return (await unseenEvents(client, await this.#watch.ranges())) === 0;
      }),
    );
  }

  /** Holds the whole state since the start of the bed against the model. */
  async report(): Promise<Report> {
    const { emulator, settings, adminUrl } = this.cloud;
    return await withClient(adminUrl, (client) =>
      makeReport(client, emulator.connectionString, settings.topics, this.#watch, {
        seed: this.#seed,
        hosts: 1,
        hostRestarts: this.hosts.restarts,
        published: this.published,
        faults: this.#faults,
        before: NOTHING,
        backlog: 0,
        startedAt: this.#startedAt,
        consumedAt: new Date(),
      }),
    );
  }

  async stop(): Promise<void> {
    await Promise.all([this.#publisher.close(), this.#watch.close(), this.#hosts?.stop()]);
    await this.cloud.stop();
    await this.#state.remove();
  }
}
