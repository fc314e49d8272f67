import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, test } from 'vitest';
import { BUILT_IN_PROFILES, contractOf } from '../../../shared/contracts/profile.ts';
import { readSettings } from '../../../shared/settings/settings.ts';
import { GOOD_SETTINGS, settingsProblems } from '../../support/settings.ts';

const directory = mkdtempSync(join(tmpdir(), 'profile-file-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'ours.json');

const good = { ...GOOD_SETTINGS, EVENT_PROFILE_FILE: file };
const problems = (environment: Record<string, string | undefined> = good) => settingsProblems(environment);
type Topics = Record<'ledger' | 'payment_order' | 'pair', Record<string, unknown>>;

function write(change: (topics: Topics) => void, whole: object = {}): void {
  const profile = structuredClone(BUILT_IN_PROFILES['canonical-v1']) as { topics: Topics };
  change(profile.topics);
  writeFileSync(file, JSON.stringify({ ...profile, ...whole }));
}

test('envelope, aliases, zone, order and core of a file are those of the contract', () => {
  write(
    ({ ledger }) => {
      Object.assign(ledger, {
        topic: 'wallet-movements',
        envelope: ['payload', 'after'],
        aliases: { amount: ['AMT', ['money', 'value']] },
        core: ['tx_id', 'wallet_id', 'entry_type', 'amount', 'event_time', 'related_id'],
        time_zone: 'Asia/Seoul',
        precedence: ['version', 'updated_at'],
      });
    },
    { id: 'ours', $schema: '../docs/schemas/profile.schema.json' },
  );
  const { profile, topics } = readSettings(good);
  assert.equal(topics.ledger, 'wallet-movements');
  const contract = contractOf(profile, 'ledger', topics.ledger);
  assert.deepEqual(
    [contract.profileId, contract.envelope, contract.versionFirst],
    ['ours', ['payload', 'after'], true],
  );
  const amount = contract.fields.find(({ name }) => name === 'amount')!;
  assert.deepEqual([amount.names, amount.paths], [['amount', 'AMT'], [['money', 'value']]]);
  assert.equal(contract.fields.find(({ name }) => name === 'related_id')!.core, true);
  assert.equal(contract.zone(Date.UTC(2026, 0, 1, 9) * 1000), Date.UTC(2026, 0, 1) * 1000);
});

test('a file wins over an id, and may begin with a byte order mark', () => {
  writeFileSync(
    file,
    `\ufeff${JSON.stringify({ ...(BUILT_IN_PROFILES['nsc-dev-v1'] as object), id: 'ours' })}`,
  );
  assert.equal(readSettings({ ...good, EVENT_PROFILE_ID: 'canonical-v1' }).profile.id, 'ours');
});

test('what is no JSON, and what is not there, is said with the name of the file', () => {
  writeFileSync(file, '{"id": }');
  assert.match(problems()[0]!, /^EVENT_PROFILE_FILE: The contract profile .*ours\.json is no JSON/);
  rmSync(file);
  assert.match(problems()[0]!, /^EVENT_PROFILE_FILE: .*no such file.*ours\.json/);
});

test('every mistake is named at once: file, path and rule, beside the other settings', () => {
  write(({ ledger, payment_order, pair }) => {
    ledger['aliases'] = { amount: [['value']], nonsense: ['x'] };
    ledger['precedence'] = ['version'];
    payment_order['time_zone'] = 'Mars/Olympus';
    payment_order['colour'] = 'red';
    payment_order['precedence'] = [];
    payment_order['core'] = ['order_id', 'amount', 'status'];
    payment_order['aliases'] = { user_id: ['customer'], merchant_name: ['customer'] };
    delete pair['core'];
  });
  const found = problems({ ...good, MAX_CLOCK_SKEW_SECONDS: '5m', EventHubs: undefined });
  assert.deepEqual(
    found.map((problem) => problem.split(':')[0]),
    ['EVENT_PROFILE_FILE', 'MAX_CLOCK_SKEW_SECONDS', 'EventHubs'],
  );
  for (const rule of [
    /ours\.json/,
    /topics\.ledger\.aliases\.amount\.0: /,
    /topics\.ledger\.aliases: Unrecognized key: "nonsense"/,
    /topics\.ledger\.precedence: must be \["updated_at", "version"\] or \["version", "updated_at"\]/,
    /topics\.payment_order\.time_zone: is no IANA time zone/,
    /topics\.payment_order: Unrecognized key: "colour"/,
    /topics\.payment_order\.core: must include created_at/,
    /topics\.payment_order\.aliases\.merchant_name: "customer" is already a name of user_id/,
    /topics\.pair\.core: /,
  ]) {
    assert.match(found[0]!, rule);
  }
});

test('what the tables cannot do without, and a name that is used twice', () => {
  write(({ ledger, payment_order }) => {
    ledger['core'] = ['tx_id', 'wallet_id', 'entry_type', 'amount'];
    payment_order['aliases'] = { user_id: ['customer'], merchant_name: ['customer'] };
  });
  assert.match(problems()[0]!, /topics\.ledger\.core: must include event_time/);
  assert.match(
    problems()[0]!,
    /topics\.payment_order\.aliases\.merchant_name: "customer" is already a name of user_id/,
  );
});
