import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import type { BrokerEvent } from '../../shared/ingest/brokerEvent.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { ingestRules } from '../../shared/ingest/rules.ts';
import { readOperatorSettings } from '../../shared/settings/settings.ts';
import { samplesOfFiles } from '../../tools/operator/topicSamples/samples.ts';
import { withClient } from '../../tools/target/withClient.ts';
import { testDatabase } from '../support/database.ts';
import { checkStyle, READ_AT, samplePath, TOPIC_STYLES } from '../support/topicStyles.ts';

// What topic-check calls ready is ready: the product loads the profile from its file, and every event becomes a row.

for (const style of TOPIC_STYLES) {
  const { samples, options, topic, verdict, row } = style;
  if (verdict === 'ask_producer') continue;
  test(`${samples}${options === undefined ? '' : ` ${JSON.stringify(options)}`} with its profile`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'profile-'));
    t.onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'profile.json');
    writeFileSync(file, JSON.stringify((await checkStyle(style)).profile));
    const database = await testDatabase(t);
    const settings = readOperatorSettings({ EVENT_PROFILE_FILE: file, DATABASE_URL: database.url });
    const rules = ingestRules(settings, database.pool, topic);

    const events: BrokerEvent[] = [];
    for await (const page of (await samplesOfFiles(samplePath(samples), READ_AT))()) {
      for (const { event } of page) events.push(event);
    }
    for (const [partition, batch] of Map.groupBy(events, ({ partition }) => partition)) {
      const { received, outcomes } = await ingest(rules, batch);
      assert.deepEqual([received, outcomes.dead_lettered], [batch.length, 0], `partition ${partition}`);
    }
    const { table, key, columns } = row!;
    const names = Object.keys(columns).map((name) => `${name}::text`);
    const found = await withClient(database.url, async (client) => {
      await client.query("SET timezone = 'UTC'");
      return client.query(`SELECT ${names} FROM bo.${table} WHERE ${key[0]} = $1`, [key[1]]);
    });
    assert.deepEqual(found.rows, [columns]);
  });
}
