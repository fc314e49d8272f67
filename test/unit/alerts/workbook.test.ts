import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import { ALERT_FILE } from '../../../infra/alerts/alerts.ts';
import { METRICS } from '../../../shared/metrics/catalogue.ts';
import { checkQuery } from '../../support/kusto.ts';

interface Item {
  readonly type: number;
  readonly name: string;
  readonly content: { readonly query?: string; readonly visualization?: string };
}

const file = new URL('../../../infra/workbook/workbook.json', import.meta.url);
const { items } = JSON.parse(readFileSync(file, 'utf8')) as { items: Item[] };
const queries = items.flatMap(({ name, content: { query, visualization } }) =>
  query === undefined ? [] : [{ name, query, visualization }],
);

describe('the workbook', () => {
  for (const { name, query, visualization } of queries) {
    it(`has a query that Kusto takes, on metrics of the catalogue: ${name}`, () => {
      const { problems, columns } = checkQuery(query);
      assert.deepEqual(problems, []);
      if (visualization === 'timechart') assert.equal(columns['TimeGenerated'], 'datetime');
      for (const [, attribute] of query.matchAll(/Properties\.(\w+)/g)) {
        assert.ok(
          Object.values(METRICS).some(({ attributes }) =>
            (attributes as readonly string[]).includes(attribute!),
          ),
          attribute,
        );
      }
      for (const [, metric] of query.matchAll(
        /"((?:\w+_)+(?:ratio|rate|total|seconds|events|lag|open|second|out))"/g,
      )) {
        assert.ok(metric! in METRICS, metric);
      }
    });
  }

  it('shows every metric that an operator reads, each resource of it by a name of its own', () => {
    const text = queries.map(({ query }) => query).join('\n');
    const left = Object.keys(METRICS).filter((metric) => !text.includes(`"${metric}"`));
    assert.deepEqual(left, [
      ...[
        'consumer_messages_total',
        'consumer_version_missing_total',
        'consumer_contract_profile_messages_total',
      ],
      ...[
        'consumer_contract_alias_hit_total',
        'pairing_skipped_non_payment_order_total',
        'pairing_reopened_total',
      ],
      ...['consumer_broker_reachable', 'consumer_error_ratio'],
      ...['consumer_upsert_success_ratio', 'consumer_dlq_ratio'],
    ]);
    const names = items.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
  });

  it('compares contract health with the thresholds of the alerts', () => {
    const { query } = queries.find(({ name }) => name === 'Against the thresholds')!;
    const limits = [...query.matchAll(/Name == "(\w+)", ([\d.]+)/g)].map(([, metric, limit]) => [
      metric,
      limit,
    ]);
    const others = /, ([\d.]+)\)\n/.exec(query)?.[1];
    for (const { condition, threshold } of ALERT_FILE.alerts) {
      const limit = limits.find(([metric]) => metric === condition.metric)?.[1];
      if (limit !== undefined) assert.equal(Number(limit), threshold, condition.metric);
      if (condition.metric === 'alias_hit_ratio') assert.equal(Number(others), threshold);
    }
    assert.equal(limits.length, 3);
  });
});
