import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { type Hosts, startHosts } from '../../local/hosts.ts';
import { BrokerWatch } from '../../proof/brokerLog.ts';
import { TestKeyVault } from '../../proof/keyVault.ts';
import { readProgress } from '../../proof/progress.ts';
import { padded } from '../../proof/synthetic/padded.ts';
import { type SyntheticEvent, syntheticEvents } from '../../proof/synthetic/payments.ts';
import { Publisher } from '../../proof/synthetic/publish.ts';
import { Random } from '../../proof/synthetic/random.ts';
import { withClient } from '../../target/withClient.ts';
import { BoundedCheck } from './boundedCheck.ts';

const TICK_MS = 50;
/** With no progress for this long, what is left will not come. */
const STALLED_AFTER_MS = 180_000;
const LARGE_BYTES = 1_000_000;
/** The secret that dead letters are sealed with. */
export const SEAL_KEY = 'dead-letter-key';

/** What a soak runs on: a local cloud, a key vault, two hosts, and a publisher that keeps to a rate. */
export class SoakCloud {
  readonly local: LocalCloud;
  readonly watch: BrokerWatch;
  readonly vault: TestKeyVault;
  readonly check: BoundedCheck;
  /** Lives as long as the soak: its memory is what is measured. */
  readonly lasting: Hosts;
  /** Is killed now and then. */
  readonly mortal: Hosts;
  readonly #publisher: Publisher;
  #pauses = 0;
  #large = 0;

  private constructor(local: LocalCloud, vault: TestKeyVault, lasting: Hosts, mortal: Hosts) {
    const { connectionString } = local.emulator;
    this.local = local;
    this.vault = vault;
    this.lasting = lasting;
    this.mortal = mortal;
    this.check = new BoundedCheck(join(local.stateDirectory, 'check'), local.settings.topics);
    this.watch = new BrokerWatch(connectionString, Object.values(local.settings.topics));
    this.#publisher = new Publisher(connectionString, local.settings.topics);
  }

  static async start(say: (line: string) => void): Promise<SoakCloud> {
    const vault = await TestKeyVault.start();
    vault.add(SEAL_KEY, { createdAt: new Date() });
    // Dead letters are sealed: a vault that is away is felt by the batches.
    Object.assign(process.env, vault.environment, { USER_ID_MODE: 'drop', DLQ_SEAL_KEY_SECRET: SEAL_KEY });
    const local = await startLocalCloud(say);
    const host = (name: string) => startHosts(1, local.environment, join(local.stateDirectory, name), say);
    const lasting = await host('lasting-host');
    return new SoakCloud(local, vault, lasting, await host('mortal-host'));
  }

  get published(): number {
    return this.#publisher.published;
  }

  asAdmin<V>(work: (client: Client) => Promise<V>): Promise<V> {
    return withClient(this.local.adminUrl, work);
  }

  /** Another host on the same hubs. */
  startHost(name: string): Promise<Hosts> {
    return startHosts(1, this.local.environment, join(this.local.stateDirectory, name), () => {});
  }

  /** Publishes `rate` events a second, as far as the broker takes them, until it is told to end. */
  async publish(seed: number, rate: number, end: AbortSignal): Promise<void> {
    const events = syntheticEvents(new Random(seed), `${seed}`, () => Date.now());
    let due = 0;
    let last = Date.now();
    while (!end.aborted) {
      const now = Date.now();
      // What a pause or a slow broker held up is not made up for: the rate is an upper limit.
      due = Math.min(due + ((now - last) / 1000) * rate, rate);
      last = now;
      for (; due >= 1 && this.#pauses === 0 && !end.aborted; due--) {
        const event = events.next().value;
        await this.#publisher.publish(this.#large-- > 0 ? enlarged(event) : event);
      }
      await delay(TICK_MS);
    }
    await this.#publisher.flush();
  }

  /** Does something while nothing is on its way to the broker: what it loses then, no producer takes for sent. */
  async whilePublisherPauses(work: () => Promise<void>): Promise<void> {
    this.#pauses++;
    try {
      await this.#publisher.flush();
      await work();
    } finally {
      this.#pauses--;
    }
  }

  /** The next events are this many of 1 MB. */
  publishLarge(count: number): void {
    this.#large = count;
  }

  /** How many events the hubs have taken, those that were deleted among them. */
  async taken(): Promise<number> {
    const ranges = await this.watch.ranges();
    return ranges.reduce((total, { first, last }) => total + last - first + 1, this.check.events);
  }

  /** Waits until all that the hubs hold is processed, or nothing more comes. */
  async drain(): Promise<void> {
    await this.asAdmin(async (client) => {
      let least = Number.POSITIVE_INFINITY;
      for (let progressAt = Date.now(); Date.now() - progressAt < STALLED_AFTER_MS; await delay(1000)) {
        const left = (await this.taken()) - (await readProgress(client)).consumed;
        if (left === 0) return;
        if (left < least) {
          least = left;
          progressAt = Date.now();
        }
      }
    });
  }

  /** Deletes the hubs with all their events, which were processed and are in the check, and makes them anew. */
  recreateHubs(): Promise<void> {
    return this.whilePublisherPauses(async () => {
      const { emulator, stateDirectory } = this.local;
      await this.drain();
      await this.check.read(emulator.connectionString, await this.watch.ranges());
      await emulator.stop();
      rmSync(join(stateDirectory, 'event-hubs', 'data'), { recursive: true });
      await emulator.restart();
    });
  }

  async stop(): Promise<void> {
    const closed = Promise.allSettled([this.#publisher.close(), this.watch.close()]);
    await Promise.all([Promise.race([closed, delay(5000)]), this.lasting.stop(), this.mortal.stop()]);
    await this.local.stop();
    await this.vault.stop();
  }
}

/** A malformed one stays as it is. */
function enlarged(event: SyntheticEvent): SyntheticEvent {
  return event.fault === undefined ? { ...event, body: padded(event.body, LARGE_BYTES) } : event;
}
