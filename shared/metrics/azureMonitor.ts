import type { TokenCredential } from '@azure/identity';
import { AzureMonitorMetricExporter } from '@azure/monitor-opentelemetry-exporter';
import type { Histogram } from '@opentelemetry/api';
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import type { Microseconds } from '../contracts/timestamp.ts';
import { METRICS, type MetricName, type Sample } from './catalogue.ts';
import { type TransactionSpan, TransactionSpans } from './transactionSpans.ts';

export interface AzureMonitorOptions {
  readonly connectionString: string;
  /** Where Application Insights takes no telemetry without a token. */
  readonly credential?: TokenCredential;
}

/** A batch as its invocation saw it. */
export interface MeasuredBatch extends Omit<TransactionSpan, 'received'> {
  readonly events: readonly { readonly enqueuedAt: Microseconds }[];
}

const SCOPE = 'backoffice-sync';
const EXPORT_INTERVAL_MS = 60_000;
const EXPORT_TIMEOUT_MS = 20_000;

/**
 * Sends metrics, and spans of transactions, to Application Insights. In a file of its own, with its libraries: a process without a connection string
 * never loads it. Metrics are never sampled.
 */
export class AzureMonitor {
  readonly #exporter: AzureMonitorMetricExporter;
  readonly #measured: MeterProvider;
  readonly #histograms = new Map<MetricName, Histogram>();
  readonly #spans: TransactionSpans;

  constructor({ connectionString, credential }: AzureMonitorOptions) {
    // The library's reports on itself go to addresses that a closed network does not let through.
    process.env['APPLICATION_INSIGHTS_NO_STATSBEAT'] = 'true';
    // A metric beside those of the catalogue, with each request.
    process.env['APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED'] = 'true';
    const options = {
      connectionString,
      ...(credential && { credential }),
      // What was not taken is counted again by the next run; on disk it would be sent twice.
      disableOfflineStorage: true,
      ...ownMachine(connectionString),
      retryOptions: { maxRetries: 1 },
    };
    this.#exporter = new AzureMonitorMetricExporter(options);
    this.#spans = new TransactionSpans(options);
    this.#measured = new MeterProvider({
      readers: [
        new PeriodicExportingMetricReader({
          exporter: shared(this.#exporter),
          exportIntervalMillis: EXPORT_INTERVAL_MS,
          exportTimeoutMillis: EXPORT_TIMEOUT_MS,
        }),
      ],
    });
  }

  /** Adds to a histogram of this process; sent every minute. */
  record(name: MetricName, value: number, attributes: Sample['attributes']): void {
    let histogram = this.#histograms.get(name);
    if (histogram === undefined) {
      histogram = this.#measured.getMeter(SCOPE).createHistogram(name, { unit: METRICS[name].unit });
      this.#histograms.set(name, histogram);
    }
    histogram.record(value, attributes);
  }

  /**
   * Sends samples now, and nothing but them: what an earlier run has sent is not sent again.
   * @throws where they were not taken.
   */
  async send(samples: readonly Sample[]): Promise<void> {
    let failure: Error | undefined;
    const reader = new PeriodicExportingMetricReader({
      exporter: shared(this.#exporter, (error) => {
        failure = error;
      }),
      exportIntervalMillis: 2 ** 31 - 1,
      exportTimeoutMillis: EXPORT_TIMEOUT_MS,
    });
    const provider = new MeterProvider({ readers: [reader] });
    const meter = provider.getMeter(SCOPE);
    for (const { name, value, attributes } of samples) {
      const { kind, unit } = METRICS[name];
      if (kind === 'counter') meter.createCounter(name, { unit }).add(value, attributes);
      else meter.createGauge(name, { unit }).record(value, attributes);
    }
    try {
      await provider.forceFlush();
    } finally {
      await reader.shutdown().catch(() => {});
    }
    if (failure !== undefined) throw failure;
  }

  /** What a stored batch adds to the histograms, and the span of any. */
  recordBatch({ events, ...batch }: MeasuredBatch): void {
    const { topic, startedAt, seconds, failure } = batch;
    this.#spans.record({ ...batch, received: events.length });
    if (failure !== undefined) return;
    this.record('consumer_batch_duration_seconds', seconds, { topic });
    for (const { enqueuedAt } of events) {
      const lag = Math.max(startedAt / 1000 + seconds - enqueuedAt / 1_000_000, 0);
      this.record('consumer_event_lag_seconds', lag, { topic });
    }
  }

  /** Sends what has been measured since the last minute. */
  async flush(): Promise<void> {
    await Promise.all([this.#measured.forceFlush(), this.#spans.flush()]);
  }

  async shutdown(): Promise<void> {
    await Promise.all([this.#measured.shutdown(), this.#spans.shutdown()]);
    await this.#exporter.shutdown();
  }
}

/** The library makes every address one of https; on this machine there is no certificate. */
function ownMachine(connectionString: string) {
  const host = /(?:^|;)\s*IngestionEndpoint=(http:\/\/127\.0\.0\.1:\d+)\/?/i.exec(connectionString)?.[1];
  return host === undefined ? {} : { host, allowInsecureConnection: true };
}

/** An exporter for several readers: none of them ends it. */
function shared(
  exporter: AzureMonitorMetricExporter,
  onFailure: (error: Error) => void = () => {},
): PushMetricExporter {
  return {
    export: (metrics, done) =>
      exporter.export(metrics, (result) => {
        // ExportResultCode.FAILED
        if (result.code === 1) onFailure(result.error ?? new Error('The metrics were not taken.'));
        done(result);
      }),
    selectAggregationTemporality: (type) => exporter.selectAggregationTemporality(type),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}
