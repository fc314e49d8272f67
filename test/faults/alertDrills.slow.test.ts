import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { MetricsBed, sum } from '../cloud/metricsBed.ts';
import type { TestTelemetry } from '../support/telemetry.ts';
import { until } from '../support/until.ts';
import type { FaultBed } from './faultBed.ts';

// Each alert is raised and cleared, on what the real exporter sends: minutes of windows are seconds here.

const SEED = 73;

describe(`drills of the alerts, seed ${SEED}`, () => {
  let metrics: MetricsBed;
  let bed: FaultBed;
  let telemetry: TestTelemetry;
  beforeAll(async () => {
    metrics = await MetricsBed.start(SEED);
    ({ bed, telemetry } = metrics);
  });
  afterAll(() => metrics.stop());

  const ledger = () => bed.cloud.settings.topics.ledger;

  it('alerts of the contract and of dead letters follow the traffic', async () => {
    await bed.publish(6000);
    // Of the synthetic traffic, 4 % have no revision and 0.6 % break a core field.
    await metrics.untilRaised('MetadataCoverageLow');
    await metrics.untilRaised('ContractCoreViolationHigh');
    await bed.publishEvents(bed.nextEvents(2000).filter(({ fault }) => fault !== undefined));
    await metrics.untilRaised('DlqActivity');
    const bad = bed.nextEvents(6000).filter(({ topic, fault }) => topic === 'ledger' && fault !== undefined);
    await bed.publishEvents([...bad, ...bad, ...bad]);
    await metrics.untilRaised('ErrorRatioHigh');
    await metrics.untilCleared('DlqActivity');
    await metrics.untilCleared('ErrorRatioHigh');
    // What is older than 7 days no longer counts.
    await bed.sql(
      `UPDATE sync.hourly_counters SET hour = hour - interval '8 days'`,
      `UPDATE sync.hourly_dead_letters SET hour = hour - interval '8 days'`,
      'DELETE FROM sync.exported_counters',
    );
    await metrics.untilCleared('MetadataCoverageLow');
    await metrics.untilCleared('ContractCoreViolationHigh');
    const orders = bed
      .nextEvents(4000)
      .filter(({ topic, fault }) => topic === 'payment_order' && fault === undefined);
    const changed = orders.map((event) => {
      const { updated_at, version, source_version, ...rest } = JSON.parse(event.body.toString());
      return { ...event, body: Buffer.from(JSON.stringify({ ...rest, amount: '1' })) };
    });
    await bed.publishEvents(changed);
    await metrics.untilRaised('VersionMissingHigh');
    const aliased = orders.map((event) => {
      const { version, source_version, ...rest } = JSON.parse(event.body.toString());
      return { ...event, body: Buffer.from(JSON.stringify({ ...rest, amount: '1', source_version: 1 })) };
    });
    await bed.publishEvents([...aliased, ...aliased]);
    await metrics.untilRaised('AliasHitHigh');
    await bed.sql(
      `UPDATE sync.hourly_counters SET hour = hour - interval '9 days'`,
      'DELETE FROM sync.exported_counters',
    );
    await metrics.untilCleared('VersionMissingHigh');
    await metrics.untilCleared('AliasHitHigh');
  });

  it('a consumer that hangs: lag and freshness rise, and are raised, until it goes on', async () => {
    await bed.asAdmin(async (locks) => {
      await locks.query('BEGIN; LOCK TABLE bo.ledger_entries');
      await bed.publish(16_000);
      const lags = telemetry.of('consumer_kafka_lag').length;
      await metrics.untilRaised('DataFreshnessHigh');
      await metrics.untilRaised('ConsumerLagHigh');
      const [first, ...others] = telemetry.of('consumer_freshness_seconds', { topic: ledger() }).slice(-5);
      let last = first!.Sum;
      for (const { Sum } of others) {
        assert.ok(Sum > last);
        last = Sum;
      }
      assert.ok(telemetry.of('consumer_kafka_lag').length > lags);
      assert.ok(!metrics.raised().includes('SyncSilent'));
      await locks.query('COMMIT');
    });
    await bed.caughtUp();
    await until('the lag is measured as 0', 120_000, () => sum(telemetry.latest('consumer_kafka_lag')) === 0);
    await metrics.untilCleared('DataFreshnessHigh');
    await metrics.untilCleared('ConsumerLagHigh');
  });

  it('without a broker the lag is absent, which is not 0, and the log says so', async () => {
    const { emulator } = bed.cloud;
    emulator.kill('SIGKILL');
    await emulator.ended;
    // A run waits ten seconds for the broker: its window has to be longer.
    await metrics.untilRaised('BrokerUnreachable', 12);
    const last = telemetry.of('consumer_kafka_lag').at(-1)!.TimeGenerated.getTime();
    const reachable = telemetry.of('consumer_broker_reachable').at(-1)!;
    assert.equal(reachable.Sum, 0);
    assert.ok(last < reachable.TimeGenerated.getTime());
    await bed.logged(/broker unreachable: its lag is unknown/);
    await emulator.restart();
    await metrics.untilCleared('BrokerUnreachable', 12);
    await until('lag is known again', 60_000, () => {
      return telemetry.of('consumer_kafka_lag').at(-1)!.TimeGenerated.getTime() > last;
    });
  });

  it('a hub whose end lies below what was processed is told of', async () => {
    await bed.sql(`UPDATE sync.partitions SET seen = seen + '{[90000000,90000010)}' WHERE partition = 1`);
    await metrics.untilRaised('HubRecreated');
    await bed.logged(/hub recreated/);
    await bed.sql(`UPDATE sync.partitions SET seen = seen - '{[90000000,90000010)}' WHERE partition = 1`);
    await metrics.untilCleared('HubRecreated');
  });

  it('old incomplete pairs, and a server without connections', async () => {
    await bed.sql(`UPDATE bo.payment_ledger_pairs SET event_time = event_time - interval '2 hours',
      updated_at = now() WHERE pairing_status = 'INCOMPLETE'`);
    await metrics.untilRaised('PairIncompleteAgeHigh');
    await bed.sql(`UPDATE bo.payment_ledger_pairs SET event_time = now(), updated_at = now()
      WHERE pairing_status = 'INCOMPLETE'`);
    await metrics.untilCleared('PairIncompleteAgeHigh');

    const clients = Array.from({ length: 90 }, () => new pg.Client(bed.cloud.adminUrl));
    try {
      await Promise.all(clients.map((client) => client.connect()));
      await metrics.untilRaised('DbPoolExhausted');
    } finally {
      await Promise.all(clients.map((client) => client.end()));
    }
    await metrics.untilCleared('DbPoolExhausted');
  });

  it('a gap is raised, its repair is asked for, and it is cleared when it is filled', async () => {
    await bed.sql(
      `UPDATE sync.partitions SET seen = seen - '{[100,150)}' WHERE partition = 0 AND topic = '${ledger()}'`,
    );
    await metrics.untilRaised('SequenceGap');
    assert.equal(telemetry.latest('consumer_sequence_gap_events')[`${ledger()} 0`], 50);
    const asked = /gap repair asked for[^\n]*from\W+100\b/g;
    await bed.logged(new RegExp(asked.source));
    await until('the gap is filled', 120_000, () => {
      return telemetry.latest('consumer_sequence_gap_events')[`${ledger()} 0`] === 0;
    });
    await metrics.untilCleared('SequenceGap');
    assert.equal(bed.hostLog().match(asked)?.length, 1);
  });
});

it(`batches that wait for the one connection of their pool, seed ${SEED}`, async () => {
  const metrics = await MetricsBed.start(SEED, { DB_POOL_SIZE: '1' });
  const { bed } = metrics;
  try {
    for (let round = 0; round < 3; round++) {
      await bed.asAdmin(async (locks) => {
        await locks.query('BEGIN; LOCK TABLE bo.ledger_entries, bo.payment_orders');
        await bed.publish(300);
        await delay(2000);
        await locks.query('COMMIT');
      });
      await bed.caughtUp();
    }
    // Each process sends its histograms once a minute.
    await metrics.untilRaised('DbPoolCheckoutSlow', 2);
    await metrics.untilCleared('DbPoolCheckoutSlow', 2);
    await bed.assertExact();
  } finally {
    await metrics.stop();
  }
});
