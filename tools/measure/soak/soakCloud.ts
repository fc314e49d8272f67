import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { type Hosts, startHosts } from '../../local/hosts.ts';
import { BrokerWatch } from '../../proof/brokerLog.ts';
import { syntheticEvents } from '../../proof/synthetic/payments.ts';
import { Publisher } from '../../proof/synthetic/publish.ts';
import { Random } from '../../proof/synthetic/random.ts';
import { withClient } from '../../target/withClient.ts';

const TICK_MS = 50;

/** What a soak runs on: a local cloud, two hosts, and a publisher that keeps to a rate. */
export class SoakCloud {
  readonly local: LocalCloud;
  readonly watch: BrokerWatch;
  /** Lives as long as the soak: its memory is what is measured. */
  readonly lasting: Hosts;
  /** Is killed now and then. */
  readonly mortal: Hosts;
  readonly #publisher: Publisher;
  #pauses = 0;

  private constructor(local: LocalCloud, lasting: Hosts, mortal: Hosts) {
    const { connectionString } = local.emulator;
    this.local = local;
    this.lasting = lasting;
    this.mortal = mortal;
    this.watch = new BrokerWatch(connectionString, Object.values(local.settings.topics));
    this.#publisher = new Publisher(connectionString, local.settings.topics);
  }

  static async start(say: (line: string) => void): Promise<SoakCloud> {
    const local = await startLocalCloud(say);
    const host = (name: string) => startHosts(1, local.environment, join(local.stateDirectory, name), say);
    const lasting = await host('lasting-host');
    return new SoakCloud(local, lasting, await host('mortal-host'));
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
        await this.#publisher.publish(events.next().value);
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

  async stop(): Promise<void> {
    const closed = Promise.allSettled([this.#publisher.close(), this.watch.close()]);
    await Promise.all([Promise.race([closed, delay(5000)]), this.lasting.stop(), this.mortal.stop()]);
    await this.local.stop();
  }
}
