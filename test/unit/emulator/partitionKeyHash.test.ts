import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { test } from 'vitest';
import { partitionForKey } from '../../../tools/local/emulator/partitionKeyHash.ts';

/** The mapping of the client's buffered producer. It is internal, so it is loaded by its path. */
const clientEntry = fileURLToPath(import.meta.resolve('@azure/event-hubs'));
const mapper = pathToFileURL(join(dirname(clientEntry), 'impl', 'partitionKeyToIdMapper.js')).href;
const { mapPartitionKeyToId } = (await import(mapper)) as {
  mapPartitionKeyToId(partitionKey: string, partitionCount: number): number;
};

test('every key of up to 60 characters goes where the buffered producer would send it', () => {
  // Each length ends in another case of the algorithm: full blocks, part of a block, nothing.
  for (let length = 0; length <= 60; length++) {
    const key = 'ledger-entry-0123456789-äöü-€-ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789'.slice(0, length);
    assert.equal(partitionForKey(key, 32), mapPartitionKeyToId(key, 32), `key '${key}'`);
  }
});

test('any key and any partition count agree with the buffered producer', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc.integer({ min: 1, max: 100 }),
      (key, count) => {
        assert.equal(partitionForKey(key, count), mapPartitionKeyToId(key, count));
      },
    ),
    { numRuns: 2000 },
  );
});
