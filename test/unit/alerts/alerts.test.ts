import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { ALERT_FILE, type Alert } from '../../../infra/alerts/alerts.ts';
import { queryOf } from '../../../infra/alerts/query.ts';
import { METRICS } from '../../../shared/metrics/catalogue.ts';
import { checkQuery } from '../../support/kusto.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const { alerts, profiles } = ALERT_FILE;

/** SPEC 9. */
const REQUIRED = [
  ...['DataFreshnessHigh', 'SyncSilent', 'ConsumerLagHigh', 'DlqActivity', 'ContractCoreViolationHigh'],
  ...['MetadataCoverageLow', 'AliasHitHigh', 'VersionMissingHigh', 'ErrorRatioHigh', 'SequenceGap'],
  ...['PairIncompleteAgeHigh', 'DbPoolExhausted', 'DbPoolCheckoutSlow', 'PartitionStuck'],
  ...['DatabaseRefusesRows', 'KeyVersionMalformed', 'SettlementViolation'],
  ...['SourceIncomplete'],
];
const CRITICAL = [
  ...['DataFreshnessHigh', 'SyncSilent', 'SequenceGap', 'PartitionStuck', 'DatabaseRefusesRows'],
  'SourceIncomplete',
];

describe('alerts.json', () => {
  it('has every alert, once, and those that wake somebody are critical', () => {
    const names = alerts.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(
      REQUIRED.filter((name) => !names.includes(name)),
      [],
    );
    for (const name of CRITICAL) assert.equal(alerts.find((alert) => alert.name === name)?.severity, 0, name);
  });

  it('speaks of metrics and attributes that are in the catalogue', () => {
    const check = (metric: string, attributes: readonly string[]) => {
      const known: Readonly<Record<string, { readonly attributes: readonly string[] }>> = METRICS;
      assert.ok(known[metric], metric);
      for (const attribute of attributes) assert.ok(known[metric].attributes.includes(attribute), attribute);
    };
    for (const { condition, dimensions } of alerts) {
      const own = condition.kind === 'share' ? [condition.of.attribute] : [];
      check(condition.metric, [...dimensions, ...own]);
      if (condition.kind === 'every' && condition.while) {
        check(condition.while.metric, [...condition.while.by, condition.while.shared]);
      }
    }
  });

  it('changes for a profile only what a profile may change, of alerts that there are', () => {
    for (const [profile, overrides] of Object.entries(profiles)) {
      for (const [name, override] of Object.entries(overrides)) {
        assert.ok(
          alerts.some((alert) => alert.name === name),
          `${profile}: ${name}`,
        );
        const others = Object.keys(override).filter(
          (member) => !['enabled', 'severity', 'windowMinutes', 'threshold'].includes(member),
        );
        assert.deepEqual(others, [], `${profile}: ${name}`);
      }
    }
  });

  it('has windows that Azure takes', () => {
    for (const { name, windowMinutes } of alerts) {
      assert.ok([1, 5, 10, 15, 30, 45, 60, 120].includes(windowMinutes), name);
    }
  });
});

describe('the query of an alert', () => {
  for (const alert of alerts) {
    it(`${alert.name} is made from its condition, and Kusto takes it`, () => {
      assert.equal(alert.query, queryOf(alert), 'run node infra/alerts/writeQueries.ts');
      const { problems, columns } = checkQuery(alert.query);
      assert.deepEqual(problems, []);
      const { value, ...others } = columns;
      assert.ok(value === 'real' || value === 'long', `value is ${value}`);
      assert.deepEqual(
        others,
        Object.fromEntries(alert.dimensions.map((name) => [name, 'string'])),
        'columns beside the value',
      );
    });
  }

  it('that is wrong is told of', () => {
    assert.match(
      checkQuery('AppMetrics | where Summ > 1 | summarize value = count()').problems.join(),
      /Summ/,
    );
    assert.match(checkQuery('AppMetrics | where Name > ').problems.join(), /expression/);
  });
});

describe('the runbook of an alert', () => {
  const pageOf = ({ runbook }: Alert) => read(runbook);

  for (const alert of alerts) {
    it(`${alert.name} has all its parts, and what it says can be done`, () => {
      const page = pageOf(alert);
      assert.ok(page.startsWith(`# ${alert.name}\n`));
      const headings = [...page.matchAll(/^## (.+)$/gm)].map((match) => match[1]);
      assert.deepEqual(headings, ['Meaning', 'Impact', 'Diagnosis', 'Mitigation']);
      for (const [, query] of page.matchAll(/```kusto\n([^`]+)```/g)) {
        assert.deepEqual(checkQuery(query!).problems, [], query);
      }
      for (const [, link] of page.matchAll(/\]\(([^)#]+)\)/g)) {
        assert.ok(existsSync(join(ROOT, dirname(alert.runbook), link!)), link);
      }
      for (const [, name] of page.matchAll(/"((?:consumer|db|pair|pairing)_[a-z_]+)"/g)) {
        assert.ok(name! in METRICS, name);
      }
    });
  }
});
