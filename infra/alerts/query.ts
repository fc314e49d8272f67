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
  const by = dimensions.length > 0 ? ` by ${dimensions.map(columnOf).join(', ')}` : '';
  switch (condition.kind) {
    case 'every': {
      const worst = operator === 'GreaterThan' ? 'min' : 'max';
      if (condition.while) return whileWaiting(alert, condition.metric, condition.while, worst);
      return [
        samples,
        ...columns(dimensions),
        `| summarize value = ${worst}(Sum / ItemCount), samples = count()${by}`,
        `| where samples >= ${leastSamples(windowMinutes)}`,
        '| project-away samples',
      ].join('\n');
    }
    case 'total':
      return [samples, ...columns(dimensions), `| summarize value = sum(Sum)${by}`].join('\n');
    case 'share': {
      const { attribute, value, without } = condition.of;
      const amount = METRICS[condition.metric].kind === 'histogram' ? 'ItemCount' : 'Sum';
      return [
        samples,
        ...(without === undefined ? [] : [`| where tostring(Properties.${attribute}) != "${without}"`]),
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
  return [
    `| extend ${attributes.map((name) => `${columnOf(name)} = tostring(Properties.${name})`).join(', ')}`,
  ];
}

/** A word of KQL's own can be a column in brackets only. */
function columnOf(attribute: string): string {
  return attribute === 'kind' ? "['kind']" : attribute;
}

/** Reads the table once for both metrics: a rule of every minute is refused where its query joins or names a second table. */
function whileWaiting(
  { dimensions, windowMinutes }: Omit<Alert, 'query'>,
  metric: string,
  waiting: While,
  worst: 'min' | 'max',
): string {
  if (dimensions.join() !== waiting.shared) throw new Error(`The dimension must be ${waiting.shared} alone.`);
  const { by, shared } = waiting;
  return [
    `AppMetrics\n| where Name == "${metric}" or Name == "${waiting.metric}"`,
    ...columns(by),
    `| summarize least = min(Sum / ItemCount), worst = ${worst}(Sum / ItemCount), samples = count() by Name, ${by.join(', ')}`,
    `| where samples >= ${leastSamples(windowMinutes)}`,
    `| summarize value = ${worst}if(worst, Name == "${metric}"), measured = countif(Name == "${metric}"), waiting = countif(Name == "${waiting.metric}" and least > 0) by ${shared}`,
    '| where measured > 0 and waiting > 0',
    '| project-away measured, waiting',
  ].join('\n');
}
