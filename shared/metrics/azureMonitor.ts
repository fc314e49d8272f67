import type { TokenCredential } from '@azure/identity';
import { AzureMonitorMetricExporter } from '@azure/monitor-opentelemetry-exporter';
import type { Histogram } from '@opentelemetry/api';
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { METRICS, type MetricName, type Sample } from './catalogue.ts';

export interface AzureMonitorOptions {
  readonly connectionString: string;
  /** Where Application Insights takes no telemetry without a token. */
  readonly credential?: TokenCredential;
}

const SCOPE = 'backoffice-sync';
const EXPORT_INTERVAL_MS = 60_000;
const EXPORT_TIMEOUT_MS = 20_000;

/**
 * Sends metrics to Application Insights. In a file of its own, with its libraries: a process without a connection string
 * never loads it. Metrics are never sampled.
 */
export class AzureMonitor {
  readonly #exporter: AzureMonitorMetricExporter;
  readonly #measured: MeterProvider;
  readonly #histograms = new Map<MetricName, Histogram>();

  constructor({ connectionString, credential }: AzureMonitorOptions) {
    // The library's reports on itself go to addresses that a closed network does not let through.
    process.env['APPLICATION_INSIGHTS_NO_STATSBEAT'] = 'true';
    this.#exporter = new AzureMonitorMetricExporter({
      connectionString,
      ...(credential && { credential }),
      // What was not taken is counted again by the next run; on disk it would be sent twice.
      disableOfflineStorage: true,
      ...ownMachine(connectionString),
      retryOptions: { maxRetries: 1 },
    });
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

  /** Sends what has been measured since the last minute. */
  flush(): Promise<void> {
    return this.#measured.forceFlush();
  }

  async shutdown(): Promise<void> {
    await this.#measured.shutdown();
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
