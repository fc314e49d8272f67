import { METRICS } from '../../shared/metrics/catalogue.ts';
import type { Alert, While } from './alerts.ts';

/**
 * Samples that "every sample" needs at least: one for two minutes. The timer sends two a minute, but the last ones are
 * still on their way when the query runs; and a single one, after a silence, says nothing of a whole window.
 */
export function leastSamples(windowMinutes: number): number {
  return Math.ceil(windowMinutes / 2);
}

/**
 * The KQL of an alert. The rule limits its time to the window and compares `value` with the threshold. A gauge is one item
 * with its value as the sum; a histogram is as many items as there were values.
 */
export function queryOf(alert: Omit<Alert, 'query'>): string {
  const { condition, dimensions, operator, windowMinutes } = alert;
  const samples = samplesOf(condition.metric);
  const by = dimensions.length > 0 ? ` by ${dimensions.join(', ')}` : '';
  switch (condition.kind) {
    case 'every': {
      const worst = operator === 'GreaterThan' ? 'min' : 'max';
      return [
        ...(condition.while ? [waiting(condition.while, windowMinutes)] : []),
        samples,
        ...columns(dimensions),
        ...(condition.while ? [`| where ${condition.while.shared} in (waiting)`] : []),
        `| summarize value = ${worst}(Sum / ItemCount), samples = count()${by}`,
        `| where samples >= ${leastSamples(windowMinutes)}`,
        '| project-away samples',
      ].join('\n');
    }
    case 'total':
      return [samples, ...columns(dimensions), `| summarize value = sum(Sum)${by}`].join('\n');
    case 'share': {
      const { attribute, value } = condition.of;
      const amount = METRICS[condition.metric].kind === 'histogram' ? 'ItemCount' : 'Sum';
      return [
        samples,
        ...columns(dimensions),
        `| summarize part = sumif(${amount}, tostring(Properties.${attribute}) == "${value}"), total = sum(${amount})${by}`,
        `| where total >= ${condition.leastTotal}`,
        `| extend value = todouble(part) / todouble(total)`,
        '| project-away part, total',
      ].join('\n');
    }
    case 'samples':
      // Without `by`: a table without rows still gives one.
      return [samples, '| summarize value = count()'].join('\n');
  }
}

function samplesOf(metric: string): string {
  return `AppMetrics\n| where Name == "${metric}"`;
}

function columns(attributes: readonly string[]): string[] {
  if (attributes.length === 0) return [];
  return [`| extend ${attributes.map((name) => `${name} = tostring(Properties.${name})`).join(', ')}`];
}

function waiting({ metric, by, shared }: While, windowMinutes: number): string {
  return [
    `let waiting = ${samplesOf(metric)}`,
    ...columns(by),
    `| summarize least = min(Sum / ItemCount), samples = count() by ${by.join(', ')}`,
    `| where least > 0 and samples >= ${leastSamples(windowMinutes)}`,
    `| distinct ${shared};`,
  ].join('\n');
}
