import assert from 'node:assert/strict';
import { test } from 'vitest';
import { HostileMix } from '../../tools/measure/hostile/mix.ts';
import { testDatabase } from '../support/database.ts';

const SEED = 31;

test(`eight writers on a few keys, in any order, without a deadlock (seed ${SEED}; npm run test:hostile for longer)`, async (t) => {
  const database = await testDatabase(t);
  const mix = new HostileMix(database.url, SEED);
  const differences = await mix.round(400);
  const { deadlocks } = await mix.stop();
  assert.deepEqual(differences, []);
  assert.equal(deadlocks, 0);
});
