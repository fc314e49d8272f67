import assert from 'node:assert/strict';
import { join } from 'node:path';
import { EventHubProducerClient } from '@azure/event-hubs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { INCIDENTS } from '../../tools/local/incidents/incidents.ts';
import { entry } from '../../tools/proof/exampleEvents.ts';
import { localCloudFrom, localEnvironment, OPERATOR_LOGIN } from '../../tools/target/localCloud.ts';
import { MetricsBed } from '../cloud/metricsBed.ts';
import { cli } from '../support/operatorCommands.ts';
import { until } from '../support/until.ts';

// Alerts of what a source says or leaves out, raised and cleared on what the real exporter sends: minutes are seconds here.

const SEED = 74;

describe(`drills of the alerts of sources, seed ${SEED}`, () => {
  let metrics: MetricsBed;
  beforeAll(async () => {
    process.env['CONTROL_TOPIC'] = 'sync.control.total';
    metrics = await MetricsBed.start(SEED, { CONTROL_GRACE_SECONDS: '0' });
  });
  afterAll(() => metrics.stop());

  /** Publishes an entry of a payment of its own. */
  async function publish(id: string, type: string): Promise<void> {
    const { emulator, settings } = metrics.bed.cloud;
    const producer = new EventHubProducerClient(emulator.connectionString, settings.topics.ledger);
    const now = new Date().toISOString();
    const body = entry(id, { entry_type: type, related_id: 'drill', event_time: now, updated_at: now });
    await producer.sendBatch([{ body: Buffer.from(JSON.stringify(body)) }], { partitionKey: id });
    await producer.close();
  }

  it('a payment of one half is raised once it is older than time may heal, and cleared by the other half', async () => {
    const { bed } = metrics;
    await publish('drill-p', 'PAYMENT');
    await until('the timer has noticed', 60_000, () =>
      bed.asAdmin(async (client) => {
        const { rowCount } = await client.query(
          `UPDATE sync.settlement_violations SET since = since - interval '61 seconds'
           WHERE payment_order_id = 'drill' AND kind = 'flow_unbalanced'`,
        );
        return rowCount === 1;
      }),
    );
    await metrics.untilRaised('SettlementViolation');
    await publish('drill-r', 'RECEIVE');
    await metrics.untilCleared('SettlementViolation');
  });

  it('a window that is short is raised, though nothing else is wrong, and cleared once exactly it is loaded', async () => {
    const { bed, telemetry } = metrics;
    const environment = localEnvironment(localCloudFrom(process.env), OPERATOR_LOGIN);
    await bed.asAdmin(async (client) => {
      const incident = await INCIDENTS['source-loss']!.make({ cloud: bed.cloud, client });
      await metrics.untilRaised('SourceIncomplete');
      assert.deepEqual(metrics.raised(), ['SourceIncomplete']);
      const { ledger, payment_order: orders } = bed.cloud.settings.topics;
      assert.deepEqual(telemetry.latest('source_missing_rows'), { [ledger]: 20, [orders]: 0 });

      const { window } = JSON.parse((await cli(['windows', '--json'], environment)).out)[0];
      const dump = join(bed.cloud.stateDirectory, 'source-loss.ndjson');
      const words = ['--ledger', dump, '--as-of', new Date().toISOString(), '--window', window];
      const loaded = await cli(['backfill', ...words, '--json'], environment);
      assert.equal(JSON.parse(loaded.out).applied, 20, loaded.err);
      await metrics.untilCleared('SourceIncomplete');
      assert.ok(await incident.isOver());
      assert.equal((await cli(['reconcile', ...words], environment)).code, 0);
      await incident.undo();
    });
  });
});
