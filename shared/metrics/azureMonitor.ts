import type { TokenCredential } from '@azure/identity';
import { TelemetryClient } from 'applicationinsights';
import type { Microseconds } from '../contracts/timestamp.ts';
import type { MetricName, Sample } from './catalogue.ts';
import { SampleSender } from './sampleSender.ts';
import { type TransactionSpan, trackTransaction } from './transactionSpans.ts';

export interface AzureMonitorOptions {
  readonly connectionString: string;
  /** Where Application Insights takes no telemetry without a token. */
  readonly credential?: TokenCredential;
}

/** A batch as its invocation saw it. */
export interface MeasuredBatch extends Omit<TransactionSpan, 'received'> {
  readonly events: readonly { readonly enqueuedAt: Microseconds }[];
}

/**
 * Sends metrics, and spans of transactions, to Application Insights. In a file of its own, with its libraries: a process
 * without a connection string never loads it. Metrics are never sampled.
 */
export class AzureMonitor {
  readonly #client: TelemetryClient;
  readonly #samples: SampleSender;

  constructor({ connectionString, credential }: AzureMonitorOptions) {
    // The library's reports on itself go to addresses that a closed network does not let through.
    process.env['APPLICATION_INSIGHTS_NO_STATSBEAT'] = 'true';
    // A metric beside those of the catalogue, with each request.
    process.env['APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED'] = 'true';
    const exporter = {
      connectionString,
      ...(credential && { credential }),
      // What was not taken is counted again by the next run; on disk it would be sent twice.
      disableOfflineStorage: true,
      ...ownMachine(connectionString),
      retryOptions: { maxRetries: 1 },
    };
    // Throws on a connection string that is none; the client would only fall silent.
    this.#samples = new SampleSender(exporter);
    // With the global providers would come what the Functions host reports already: requests, dependencies, logs.
    this.#client = new TelemetryClient(connectionString, { useGlobalProviders: false });
    this.#client.config.azureMonitorOpenTelemetryOptions = { azureMonitorExporterOptions: exporter };
  }

  /** Adds to a histogram of this process; sent every minute. */
  record(name: MetricName, value: number, attributes: Sample['attributes']): void {
    this.#client.trackMetric({ name, value, properties: attributes });
  }

  /**
   * Sends samples now, and nothing but them: what an earlier run has sent is not sent again.
   * @throws where they were not taken.
   */
  send(samples: readonly Sample[]): Promise<void> {
    return this.#samples.send(samples);
  }

  /** What a stored batch adds to the histograms, and the span of any. */
  recordBatch({ events, ...batch }: MeasuredBatch): void {
    const { topic, startedAt, seconds, failure } = batch;
    trackTransaction(this.#client, { ...batch, received: events.length });
    if (failure !== undefined) return;
    this.record('consumer_batch_duration_seconds', seconds, { topic });
    for (const { enqueuedAt } of events) {
      const lag = Math.max(startedAt / 1000 + seconds - enqueuedAt / 1_000_000, 0);
      this.record('consumer_event_lag_seconds', lag, { topic });
    }
  }

  /** Sends what has been measured since the last minute. */
  flush(): Promise<void> {
    return this.#client.flush();
  }

  async shutdown(): Promise<void> {
    // Before: the client ends each reader twice at once, and one end would race with what the other still sends.
    await this.#client.flush();
    await this.#client.shutdown();
    await this.#samples.shutdown();
  }
}

/** The library makes every address one of https; on this machine there is no certificate. */
function ownMachine(connectionString: string) {
  const host = /(?:^|;)\s*IngestionEndpoint=(http:\/\/127\.0\.0\.1:\d+)\/?/i.exec(connectionString)?.[1];
  return host === undefined ? {} : { host, allowInsecureConnection: true };
}
