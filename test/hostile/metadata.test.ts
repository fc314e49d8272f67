import assert from 'node:assert/strict';
import { InvocationContext } from '@azure/functions';
import { test } from 'vitest';
import { entry } from '../../tools/proof/exampleEvents.ts';
import { testDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

// What no host should send: metadata that does not line up with the bodies. A wrong position would be stored for
// good, so the handler refuses the batch whole, and the host delivers it again.

const BODIES = ['a', 'b', 'c'].map((id) => Buffer.from(JSON.stringify(entry(id))));
const SYSTEM = BODIES.map((_, index) => ({
  'x-opt-sequence-number': index,
  'x-opt-enqueued-time': '2026-11-22T12:00:00Z',
  'x-opt-offset': String(index),
}));
const METADATA = {
  partitionContext: { partitionId: '0' },
  systemPropertiesArray: SYSTEM,
  propertiesArray: [{}, {}, {}],
};

const REFUSED: readonly (readonly [name: string, bodies: unknown, metadata: unknown])[] = [
  ['fewer system properties than bodies', BODIES, { ...METADATA, systemPropertiesArray: SYSTEM.slice(1) }],
  ['more system properties than bodies', BODIES.slice(1), METADATA],
  ['no system properties', BODIES, { ...METADATA, systemPropertiesArray: undefined }],
  ['system properties that are an object', BODIES, { ...METADATA, systemPropertiesArray: { ...SYSTEM } }],
  [
    'a hole in the system properties',
    BODIES,
    { ...METADATA, systemPropertiesArray: [SYSTEM[0], null, SYSTEM[2]] },
  ],
  ['fewer properties than bodies', BODIES, { ...METADATA, propertiesArray: [{}] }],
  ['no properties', BODIES, { ...METADATA, propertiesArray: undefined }],
  ['no partition', BODIES, { ...METADATA, partitionContext: {} }],
  ['a partition that is no number', BODIES, { ...METADATA, partitionContext: { partitionId: 'first' } }],
  ['no metadata', BODIES, undefined],
  ['a negative number', BODIES, withFirst({ 'x-opt-sequence-number': -1 })],
  ['a number with a fraction', BODIES, withFirst({ 'x-opt-sequence-number': 0.5 })],
  ['a number beyond 2^53', BODIES, withFirst({ 'x-opt-sequence-number': 2 ** 53 })],
  ['no time', BODIES, withFirst({ 'x-opt-enqueued-time': undefined })],
  ['a time that is none', BODIES, withFirst({ 'x-opt-enqueued-time': 'yesterday' })],
  ['texts instead of bytes', BODIES.map(String), METADATA],
  ['parsed bodies', BODIES.map((body) => JSON.parse(String(body))), METADATA],
  ['one body, not an array', BODIES[0], METADATA],
];

function withFirst(change: object): object {
  return { ...METADATA, systemPropertiesArray: [{ ...SYSTEM[0], ...change }, ...SYSTEM.slice(1)] };
}

test('a batch whose metadata does not line up is refused whole, and stored when it does', async (t) => {
  const database = await testDatabase(t);
  Object.assign(process.env, {
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
    EventHubs:
      'Endpoint=sb://127.0.0.1;SharedAccessKeyName=name;SharedAccessKey=key;UseDevelopmentEmulator=true;',
    EVENT_HUBS_CONSUMER_GROUP: 'test',
    DATABASE_URL: database.url,
  });
  const { eventHubIngest } = await import('../../functions/eventHubIngest.ts');
  const { database: pool } = await import('../../functions/runtime.ts');
  const { handler } = eventHubIngest('ledger');
  const logged: string[] = [];
  const call = async (bodies: unknown, triggerMetadata: unknown) => {
    const context = new InvocationContext({
      functionName: 'ledgerIngest',
      logHandler: (_level, ...parts) => logged.push(parts.join(' ')),
    });
    Object.assign(context, { triggerMetadata });
    await handler(bodies, context);
  };
  try {
    for (const [name, bodies, metadata] of REFUSED) {
      await assert.rejects(call(bodies, metadata), TypeError, name);
    }
    const written = await database.rows(
      `SELECT (SELECT count(*) FROM bo.ledger_entries) AS entries, (SELECT count(*) FROM sync.partitions) AS seen,
         (SELECT count(*) FROM bo.consumer_dlq_events) AS letters`,
    );
    assert.deepEqual(written, [{ entries: '0', seen: '0', letters: '0' }]);
    assert.deepEqual(logged, []);
    // The timer must not take it for a batch that the host can't hand over.
    await until('the mark is there', 30_000, async () => {
      const marks = await database.rows('SELECT kind FROM sync.partition_attempts WHERE partition = 0');
      return marks[0]?.['kind'] === 'infrastructure';
    });
    await call(BODIES, METADATA);
    assert.equal((await database.rows('SELECT * FROM bo.ledger_entries')).length, 3);
  } finally {
    await pool.end();
  }
});
