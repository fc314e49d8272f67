import { readFileSync } from 'node:fs';
import type { MetricName } from '../../shared/metrics/catalogue.ts';

/** An alert as `alerts.json` has it; README.md says what each member means. */
export interface Alert {
  readonly name: string;
  readonly description: string;
  /** As Azure counts: 0 critical, 1 error, 2 warning, 3 informational. */
  readonly severity: 0 | 1 | 2 | 3;
  readonly windowMinutes: number;
  readonly operator: 'GreaterThan' | 'LessThan';
  readonly threshold: number;
  /** Each combination of these is an alert of its own. */
  readonly dimensions: readonly string[];
  readonly condition: Condition;
  /** Made from the condition (query.ts): a row for each combination, with its `value`. */
  readonly query: string;
  /** Path of its page in this repository. */
  readonly runbook: string;
}

/** What the value of an alert is computed from. */
export type Condition =
  /** The value is beyond the threshold in every sample of the window, and there are enough of them. */
  | { readonly kind: 'every'; readonly metric: MetricName; readonly while?: While }
  /** The sum of a counter over the window. */
  | { readonly kind: 'total'; readonly metric: MetricName }
  /** The share of what has this value of an attribute, where there is at least so much in all but for `without`. */
  | {
      readonly kind: 'share';
      readonly metric: MetricName;
      readonly of: { readonly attribute: string; readonly value: string; readonly without?: string };
      readonly leastTotal: number;
    }
  /** How many samples there are: 0 is a value too. */
  | { readonly kind: 'samples'; readonly metric: MetricName };

/** Only where one of the series of another metric, of the same `shared` attribute, was above 0 in every sample. */
export interface While {
  readonly metric: MetricName;
  readonly by: readonly string[];
  readonly shared: string;
}

/** What a profile changes. */
export type AlertOverride = Partial<Pick<Alert, 'severity' | 'windowMinutes' | 'threshold'>> & {
  readonly enabled?: boolean;
};

export interface AlertFile {
  readonly frequencyMinutes: number;
  readonly alerts: readonly Alert[];
  readonly profiles: Readonly<Record<string, Readonly<Record<string, AlertOverride>>>>;
}

/** An alert on what Azure measures itself (platform.json). */
export interface MetricAlert {
  readonly name: string;
  readonly description: string;
  readonly severity: 0 | 1 | 2 | 3;
  readonly target: 'app' | 'database' | 'namespace';
  readonly metric: string;
  readonly aggregation: 'Average' | 'Maximum' | 'Total';
  readonly operator: 'GreaterThan' | 'LessThan';
  readonly threshold: number;
  /** The threshold is percent of the connections that the server takes. */
  readonly of?: 'connections';
  readonly windowMinutes: number;
}

export interface PlatformFile {
  readonly metrics: readonly MetricAlert[];
  /** On what Azure logs: above 0 raises the alert. */
  readonly logs: readonly Pick<Alert, 'name' | 'description' | 'severity' | 'windowMinutes' | 'query'>[];
  /** What to do is on this page. */
  readonly page: string;
}

export const PLATFORM_FILE: PlatformFile = JSON.parse(
  readFileSync(new URL('./platform.json', import.meta.url), 'utf8'),
) as PlatformFile;

/** The alerts and their thresholds: one file for Bicep, the local cloud, tests and docs. */
export const ALERT_FILE: AlertFile = JSON.parse(
  readFileSync(new URL('./alerts.json', import.meta.url), 'utf8'),
) as AlertFile;
