import assert from 'node:assert/strict';
import { test } from 'vitest';
import { SeenKeys } from '../../../tools/operator/backfill/seenKeys.ts';

test('a million keys are each new once, and known afterwards', () => {
  const seen = new SeenKeys();
  const key = (number: number) => `tx-${number.toString(36)}-${number % 7}`;
  let wrong = 0;
  for (let number = 0; number < 1_000_000; number++) if (seen.add(key(number))) wrong++;
  for (let number = 0; number < 1_000_000; number += 997) if (!seen.add(key(number))) wrong++;
  assert.equal(wrong, 0);
});
