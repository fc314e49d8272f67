import {
  type AzureMonitorExporterOptions,
  AzureMonitorMetricExporter,
} from '@azure/monitor-opentelemetry-exporter';
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { METRICS, type Sample } from './catalogue.ts';

const EXPORT_TIMEOUT_MS = 20_000;

/**
 * Sends the samples of one run of the timer, and says whether they were taken: the counters of a run are committed only
 * then (docs/adr/0007). A `TelemetryClient` can't: its flush resolves whatever became of the data, and every number it
 * takes is a value of a histogram, which may not be negative (docs/adr/0009).
 */
export class SampleSender {
  readonly #exporter: AzureMonitorMetricExporter;

  constructor(options: AzureMonitorExporterOptions) {
    this.#exporter = new AzureMonitorMetricExporter(options);
  }

  /**
   * Sends samples now, and nothing but them: what an earlier run has sent is not sent again.
   * @throws where they were not taken.
   */
  async send(samples: readonly Sample[]): Promise<void> {
    let failure: Error | undefined;
    const reader = new PeriodicExportingMetricReader({
      exporter: this.#once((error) => {
        failure = error;
      }),
      exportIntervalMillis: 2 ** 31 - 1,
      exportTimeoutMillis: EXPORT_TIMEOUT_MS,
    });
    const provider = new MeterProvider({ readers: [reader] });
    const meter = provider.getMeter('backoffice-sync');
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

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  /** The exporter for one reader, which does not end it. */
  #once(onFailure: (error: Error) => void): PushMetricExporter {
    const exporter = this.#exporter;
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
}
