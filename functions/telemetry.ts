import type { AzureMonitor, MeasuredBatch } from '../shared/metrics/azureMonitor.ts';
import type { Sample } from '../shared/metrics/catalogue.ts';
import { identityCredential } from '../shared/settings/identityCredential.ts';

/** What this process tells Application Insights; nothing where it has no connection string. */
export const connectionString = process.env['APPLICATIONINSIGHTS_CONNECTION_STRING']?.trim();

/** A process without batches, such as one of replays, loads it by then. */
const LOADED_WITHIN_MS = 5000;
const wanted = Promise.withResolvers<void>();
let used = false;
const monitor = connectionString ? wanted.promise.then(() => load(connectionString)) : undefined;

/** Loaded by the first batch that is done, which does not wait for it: loading takes the process a fifth of a second. */
function loaded(): Promise<AzureMonitor> | undefined {
  used = true;
  wanted.resolve();
  return monitor;
}

async function load(connectionString: string): Promise<AzureMonitor> {
  const { AzureMonitor } = await import('../shared/metrics/azureMonitor.ts');
  const authentication = process.env['APPLICATIONINSIGHTS_AUTHENTICATION_STRING'] ?? '';
  if (!/(^|;)\s*Authorization=AAD/i.test(authentication)) return new AzureMonitor({ connectionString });
  const credential = await identityCredential(/(?:^|;)\s*ClientId=([^;]+)/i.exec(authentication)?.[1]);
  return new AzureMonitor({ connectionString, credential });
}

/** What a batch has taken, stored or not, its events since the broker had them, and its transaction. */
export function recordBatch(batch: MeasuredBatch): void {
  loaded()?.then((monitor) => monitor.recordBatch(batch), complainOnce);
}

/**
 * How long somebody waited for a connection; `slow` makes a percentile of a share (docs/adr/0007). It is in the middle of
 * a batch, so nothing is loaded for it yet.
 */
export function recordCheckout(seconds: number): void {
  if (!used) setTimeout(loaded, LOADED_WITHIN_MS).unref();
  used = true;
  monitor?.then((monitor) => {
    monitor.record('db_pool_checkout_latency_seconds', seconds, { slow: String(seconds > 1) });
  }, complainOnce);
}

/** Sends samples; rejects where they were not taken. */
export async function sendSamples(samples: readonly Sample[]): Promise<void> {
  await (await loaded())?.send(samples);
}

/** Sends what is left, before the process ends. */
export async function endTelemetry(): Promise<void> {
  if (used)
    await loaded()
      ?.then((monitor) => monitor.shutdown())
      .catch(complainOnce);
}

/** A telemetry that is broken costs no batch. */
let complained = false;
function complainOnce(error: unknown): void {
  if (!complained) console.error(`Telemetry does not work (${(error as Error).name}).`);
  complained = true;
}
