import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'vitest';
import { SHARED_KEY, SHARED_KEY_NAME, tokenFault } from '../../../tools/local/emulator/authorization.ts';

const NOW = 1_790_000_000_000;
const EXPIRY = String(NOW / 1000 + 60);

function token(key = SHARED_KEY, expiry = EXPIRY, keyName = SHARED_KEY_NAME): string {
  const resource = encodeURIComponent('sb://127.0.0.1:5672/ledger');
  const signature = createHmac('sha256', key).update(`${resource}\n${expiry}`).digest('base64');
  return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=${keyName}`;
}

test('a token signed with the shared key is valid until it expires', () => {
  assert.equal(tokenFault(token(), NOW), undefined);
  assert.match(tokenFault(token(), NOW + 60_000) ?? '', /expired/);
});

test('a wrong key, a wrong key name and a changed expiry are faults', () => {
  assert.match(tokenFault(token('other'), NOW) ?? '', /invalid signature/);
  assert.match(tokenFault(token(SHARED_KEY, EXPIRY, 'other'), NOW) ?? '', /key name/);
  assert.match(tokenFault(token().replace(EXPIRY, '9999999999'), NOW) ?? '', /invalid signature/);
});

test('anything else is a fault and no crash', () => {
  for (const text of ['', 'eyJhbGciOi', 'SharedAccessSignature', 'SharedAccessSignature sr=a', 'Bearer x']) {
    assert.ok(tokenFault(text, NOW), text);
  }
  assert.match(
    tokenFault(`SharedAccessSignature sr=a&sig=%zz&se=1&skn=${SHARED_KEY_NAME}`, NOW) ?? '',
    /signature/,
  );
});
