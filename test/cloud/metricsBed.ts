import { ALERT_FILE } from '../../infra/alerts/alerts.ts';
import { evaluate } from '../../tools/local/alerts/evaluate.ts';
import { FaultBed } from '../faults/faultBed.ts';
import { TestTelemetry } from '../support/telemetry.ts';
import { until } from '../support/until.ts';

/** An alert's minute, so that a window of five takes five seconds; the timer runs every second. */
const SECONDS_A_MINUTE = 1;

/** A local cloud whose hosts send their metrics to an ingestion endpoint of the test. */
export class MetricsBed {
  readonly bed: FaultBed;
  readonly telemetry: TestTelemetry;

  private constructor(bed: FaultBed, telemetry: TestTelemetry) {
    this.bed = bed;
    this.telemetry = telemetry;
  }

  static async start(seed: number, settings: Readonly<Record<string, string>> = {}): Promise<MetricsBed> {
    const telemetry = await TestTelemetry.start();
    const bed = await FaultBed.start(seed);
    Object.assign(bed.cloud.environment, {
      APPLICATIONINSIGHTS_CONNECTION_STRING: telemetry.connectionString,
      METRICS_SCHEDULE: '* * * * * *',
      ...settings,
    });
    await bed.startHost();
    return new MetricsBed(bed, telemetry);
  }

  /** Names of the alerts that are raised now. */
  raised(secondsAMinute = SECONDS_A_MINUTE): string[] {
    const found = evaluate(ALERT_FILE.alerts, this.telemetry.rows, new Date(), { secondsAMinute });
    return found.map(({ alert }) => alert.name);
  }

  untilRaised(name: string, secondsAMinute?: number): Promise<void> {
    return until(`${name} is raised`, 120_000, () => this.raised(secondsAMinute).includes(name));
  }

  untilCleared(name: string, secondsAMinute?: number): Promise<void> {
    return until(`${name} is cleared`, 120_000, () => !this.raised(secondsAMinute).includes(name));
  }

  /** Waits for samples of a run that began after this call. */
  async nextRun(): Promise<void> {
    const before = this.telemetry.requests;
    await until('the timer has run twice', 60_000, () => this.telemetry.requests >= before + 2);
  }

  async stop(): Promise<void> {
    await this.bed.stop();
    await this.telemetry.stop();
  }
}

/** The sum of what stands under several attributes. */
export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((one, other) => one + other, 0);
}
