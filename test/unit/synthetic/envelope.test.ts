import assert from 'node:assert/strict';
import { test } from 'vitest';
import { openMessage } from '../../../shared/contracts/openMessage.ts';
import { BUILT_IN_PROFILES, contractOf, parseProfile } from '../../../shared/contracts/profile.ts';
import { inEnvelope } from '../../../tools/proof/synthetic/envelope.ts';
import type { SyntheticEvent } from '../../../tools/proof/synthetic/payments.ts';

test('a synthetic event is where its profile looks for it', () => {
  const payload = { order_id: 'o', amount: 1 };
  const event = { topic: 'payment_order', body: Buffer.from(JSON.stringify(payload)) } as SyntheticEvent;
  for (const change of [
    {},
    { envelope: ['payload', 'after'] },
    { envelope: ['data', { parse: 'json' }] },
    { encoding: 'registry_json' },
    { encoding: 'registry_json', envelope: [{ parse: 'json' }, 'after'] },
  ]) {
    const data = structuredClone(BUILT_IN_PROFILES['canonical-v1']) as { topics: Record<string, object> };
    Object.assign(data.topics['payment_order']!, change);
    const profile = parseProfile(data, 'test');
    const message = openMessage(contractOf(profile, 'payment_order', 'hub'), inEnvelope(event, profile));
    assert.deepEqual(message.kind === 'record' && message.payload, payload, JSON.stringify(change));
  }
});
