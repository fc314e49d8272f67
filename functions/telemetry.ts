import type { AzureMonitor, MeasuredBatch } from '../shared/metrics/azureMonitor.ts';
import type { Sample } from '../shared/metrics/catalogue.ts';
import { identityCredential } from '../shared/settings/identityCredential.ts';
import type { TelemetrySettings } from '../shared/settings/telemetrySettings.ts';

/** A process without batches, such as one of replays, loads it by then. */
const LOADED_WITHIN_MS = 5000;

/**
 * What this process tells Application Insights; nothing where it has no connection string. Its library is loaded by the first
 * batch that is done, which does not wait for it: loading takes the process a fifth of a second.
 */
export class Telemetry {
  readonly #wanted = Promise.withResolvers<void>();
  readonly #monitor: Promise<AzureMonitor> | undefined;
  #used = false;
  #complained = false;

  constructor(settings: TelemetrySettings | undefined) {
    this.#monitor = settings && this.#wanted.promise.then(() => load(settings));
  }

  /** What a batch has taken, stored or not, its events since the broker had them, and its transaction. */
  recordBatch(batch: MeasuredBatch): void {
    this.#load()?.then((monitor) => monitor.recordBatch(batch), this.#complainOnce);
  }

  /**
   * How long somebody waited for a connection; `slow` makes a percentile of a share (docs/adr/0007). It is in the middle
   * of a batch, so nothing is loaded for it yet.
   */
  recordCheckout(seconds: number): void {
    if (!this.#used) setTimeout(() => this.#load(), LOADED_WITHIN_MS).unref();
    this.#used = true;
    this.#monitor?.then((monitor) => {
      monitor.record('db_pool_checkout_latency_seconds', seconds, { slow: String(seconds > 1) });
    }, this.#complainOnce);
  }

  /** Sends samples; rejects where they were not taken. */
  async sendSamples(samples: readonly Sample[]): Promise<void> {
    await (await this.#load())?.send(samples);
  }

  /** Sends what is left, before the process ends. */
  async end(): Promise<void> {
    if (!this.#used) return;
    await this.#load()
      ?.then((monitor) => monitor.shutdown())
      .catch(this.#complainOnce);
  }

  #load(): Promise<AzureMonitor> | undefined {
    this.#used = true;
    this.#wanted.resolve();
    return this.#monitor;
  }

  /** A telemetry that is broken costs no batch. */
  readonly #complainOnce = (error: unknown): void => {
    if (!this.#complained) console.error(`Telemetry does not work (${(error as Error).name}).`);
    this.#complained = true;
  };
}

async function load({ connectionString, identity }: TelemetrySettings): Promise<AzureMonitor> {
  const { AzureMonitor } = await import('../shared/metrics/azureMonitor.ts');
  if (identity === undefined) return new AzureMonitor({ connectionString });
  return new AzureMonitor({ connectionString, credential: await identityCredential(identity.clientId) });
}
