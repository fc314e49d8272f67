import assert from 'node:assert/strict';
import { test } from 'vitest';
import { parseProfile } from '../../../shared/contracts/profile.ts';
import { checkTopic } from '../../../tools/operator/topicCheck/check.ts';
import type { CheckOptions } from '../../../tools/operator/topicCheck/evidence.ts';
import { type Sample, sampleOf } from '../../../tools/operator/topicCheck/sample.ts';
import { SampledMap } from '../../../tools/operator/topicCheck/sampledMap.ts';
import { CHECK_OPTIONS, READ_AT } from '../../support/topicStyles.ts';

const HOUR = 3_600_000;
const T0 = Date.UTC(2026, 10, 20, 9);
const at = (offset: number) => new Date(T0 + offset).toISOString();

const order = (id: string, change: object = {}) => ({
  order_id: id,
  amount: '1.50',
  status: 'PAID',
  created_at: at(0),
  updated_at: at(0),
  ...change,
});

async function check(bodies: readonly object[], change: Partial<CheckOptions> = {}) {
  return checkSamples(
    bodies.map((body, index) =>
      sampleOf(Buffer.from(JSON.stringify(body)), index, `line ${index + 1}`, READ_AT),
    ),
    change,
  );
}

async function checkSamples(samples: readonly Sample[], change: Partial<CheckOptions> = {}) {
  return checkTopic(
    async function* () {
      yield samples;
    },
    { ...CHECK_OPTIONS, ...change },
  );
}

const placed = (partition: number, number: number, body: object, change: object = {}) => ({
  partition,
  sequence_number: number,
  enqueued_at: at(HOUR + number * 1000),
  key: (body as { order_id?: string }).order_id,
  body,
  ...change,
});

test('late states, duplicates and ties are counted by what the ingest would do', async () => {
  const { report } = await check([
    placed(0, 1, order('a', { updated_at: at(1) })),
    placed(0, 2, order('a', { updated_at: at(2) })),
    placed(0, 3, order('a', { updated_at: at(2) })),
    placed(0, 4, order('a', { updated_at: at(1), status: 'CREATED' })),
    placed(0, 5, order('a', { updated_at: at(2), status: 'REFUSED' })),
    placed(0, 6, order('b', { updated_at: at(3) })),
  ]);
  const { records, further_states, late, duplicates, ties } = report.order;
  assert.deepEqual([records, further_states, late, duplicates, ties], [2, 4, 1, 1, 1]);
});

test('a file need not be in the order of the broker', async () => {
  const newer = placed(0, 9, order('a', { updated_at: at(9) }));
  const older = placed(0, 3, order('a', { updated_at: at(3) }));
  assert.equal((await check([newer, older])).report.order.late, 0);
  const late = placed(0, 12, order('a', { updated_at: at(5) }));
  assert.equal((await check([late, newer])).report.order.late, 1);
});

test('keys: none, another than the record’s, records in several partitions', async () => {
  const { report } = await check([
    placed(0, 1, order('a')),
    placed(1, 2, order('a', { updated_at: at(5) })),
    placed(1, 3, order('b'), { key: null }),
    placed(1, 4, order('c'), { key: 'customer' }),
  ]);
  assert.deepEqual(report.keys, {
    without_key: 1,
    other_key: 1,
    partitions: 2,
    largest_share: 0.75,
    records_in_several_partitions: 1,
  });
  const codes = report.wishes.map(({ code }) => code);
  assert.deepEqual(codes, ['key_missing', 'key_differs', 'keys_scattered']);
  assert.equal(report.verdict, 'ready');
});

test('the ratios are those of the alerts', async () => {
  const bodies = Array.from({ length: 1000 }, (_, index) => {
    const { updated_at: _time, ...without } = order(`o-${index}`);
    if (index < 10) return without;
    return order(`o-${index}`, index < 12 ? { amount: 'x' } : index < 412 ? { source_version: 1 } : {});
  });
  const { report } = await check(bodies);
  const ratios = Object.fromEntries(report.ratios.map(({ name, value, ok }) => [name, [value, ok]]));
  assert.deepEqual(ratios, {
    metadata_coverage_ratio: [1 - 10 / 998, false],
    core_violation_rate: [2 / 998, false],
    alias_hit_ratio: [0.4, true],
    version_missing_ratio: [10 / 998, true],
  });
  assert.deepEqual(
    report.asks.map(({ code, field }) => [code, field]),
    [
      ['field_invalid', 'amount'],
      ['order_missing', undefined],
    ],
  );
});

test('a failing message in a thousand is borne, and still told', async () => {
  const bodies = Array.from({ length: 1001 }, (_, index) =>
    order(`o-${index}`, index === 5 ? { amount: null } : {}),
  );
  const { report } = await check(bodies);
  assert.equal(report.verdict, 'ready');
  assert.deepEqual(
    report.failures.map(({ reason, count, example }) => [reason, count, example.at]),
    [['core_missing', 1, 'line 6']],
  );
});

test('a record that moves to another name later has two aliases', async () => {
  const { report, profile } = await check([
    { orderNo: 'a', amount: 1, status: 'S', created_at: at(0), updatedAt: at(1) },
    { ordNo: 'a', amount: 1, status: 'S', created_at: at(0), modifiedAt: at(1) },
  ]);
  assert.equal(report.verdict, 'ready_with_profile');
  assert.deepEqual(profile.topics.payment_order.aliases['order_id'], ['ordNo', 'orderNo']);
});

test('two names in one message are not taken for one field', async () => {
  const { report, profile } = await check([order('a', { orderNo: 'x', modifiedAt: at(9) })]);
  assert.equal(report.verdict, 'ready');
  assert.deepEqual(profile.topics.payment_order.aliases['order_id'], undefined);
});

test('former states are never read: before and after have the same members', async () => {
  const { report, profile } = await check([
    { op: 'u', before: order('a'), after: order('a', { updated_at: at(5) }) },
  ]);
  assert.deepEqual(
    [report.verdict, profile.topics.payment_order.envelope],
    ['ready_with_profile', ['after']],
  );
});

test('former states are known by the words of their name; where two objects are alike, somebody has to say which', async () => {
  for (const [former, current] of [
    ['beforeImage', 'afterImage'],
    ['old_data', 'new_data'],
    ['ROW-PREVIOUS', 'ROW'],
  ] as const) {
    const { report } = await check([
      { [former]: order('a', { status: 'OLD' }), [current]: order('a', { updated_at: at(5) }) },
    ]);
    assert.deepEqual([report.envelope, report.wishes], [[current], []]);
  }
  const { report } = await check([{ parentOrder: order('p'), threshold: order('a') }]);
  assert.deepEqual(report.wishes, [{ code: 'confirm_envelope', names: ['parentOrder', 'threshold'] }]);
});

test('of two nested members of one name, neither is sure', async () => {
  const entry = {
    tx_id: 't',
    entry_type: 'PAYMENT',
    amount: 1,
    event_time: at(0),
    updated_at: at(0),
    related_id: 'o',
    from: { wallet_id: 'a' },
    to: { wallet_id: 'b' },
  };
  const { report } = await check([entry]);
  assert.deepEqual(
    report.wishes.filter(({ code }) => code === 'confirm_name'),
    [{ code: 'confirm_name', field: 'wallet_id', names: ['from.wallet_id'] }],
  );
});

test('fields, or messages, in two zones show none: one of them would be read hours off', async () => {
  const local = (offset: number) => at(offset).slice(0, 19);
  const twoFields = Array.from({ length: 20 }, (_, number) =>
    placed(
      0,
      number,
      order(`o-${number}`, { created_at: local(10 * HOUR), updated_at: local(HOUR + number * 1000) }),
    ),
  );
  const twoProducers = Array.from({ length: 20 }, (_, number) =>
    placed(0, number, order(`o-${number}`, { updated_at: local((number % 5 === 0 ? 1 : 10) * HOUR) })),
  );
  for (const bodies of [twoFields, twoProducers]) {
    const { report } = await check(bodies);
    assert.ok(
      report.asks.some(({ code }) => code === 'zone_unknown'),
      JSON.stringify(report.asks),
    );
  }
});

test('a given profile is not ready where the samples show another zone than its own', async () => {
  const given = parseProfile({ ...CHECK_OPTIONS.builtIn[0]!, id: 'ours' }, 'test');
  const bodies = [0, 1, 2].map((number) =>
    order(`o-${number}`, { updated_at: at(9 * HOUR).slice(0, 19), occurred_at: at(0) }),
  );
  const { report, profile } = await check(bodies, { given });
  assert.deepEqual(
    [report.verdict, profile.topics.payment_order.time_zone],
    ['ready_with_profile', 'Asia/Seoul'],
  );
});

test('the name of an envelope that may be data is not shown where it is missing', async () => {
  const { report } = await check([{ 'user-1234567': order('a') }, { 'user-1234567': order('b') }, { x: 1 }]);
  assert.equal(report.failures[0]?.detail, 'the envelope path (a name of 12 characters) leads nowhere');
  assert.ok(!JSON.stringify(report).includes('1234567'));
});

test('a key that is a number does not make a body of the broker’s data', async () => {
  const { report } = await check([placed(0, 1, order('77'), { key: 77 })]);
  assert.deepEqual([report.verdict, report.envelope, report.keys?.other_key], ['ready', [], 0]);
});

test('times of an offset that may be of a zone with clock changes have to be asked for', async () => {
  const local = (offset: number) => at(offset - 5 * HOUR).slice(0, 19);
  const bodies = [0, 1, 2].map((number) =>
    placed(
      0,
      number,
      order(`o-${number}`, { created_at: local(HOUR), updated_at: local(HOUR + number * 1000 - 500) }),
    ),
  );
  const { report } = await check(bodies);
  assert.deepEqual(
    report.asks.map(({ code, detail }) => [code, detail]),
    [['zone_unknown', '-05:00']],
  );
  assert.equal((await check(bodies, { timeZone: 'America/New_York' })).report.verdict, 'ready_with_profile');
});

test('times that are here and there ahead show no offset', async () => {
  const bodies = [0, 3, 7, 9].map((hours, number) =>
    placed(0, number, order(`o-${number}`, { updated_at: at(-hours * HOUR).slice(0, 19) })),
  );
  const { report } = await check(bodies);
  assert.deepEqual(
    report.asks.map(({ code, detail }) => [code, detail]),
    [['zone_unknown', undefined]],
  );
});

test('states that lack the first axis, and states whose axes disagree, are counted', async () => {
  const { report } = await check(
    [
      order('a', { updated_at: at(1), version: 1 }),
      order('a', { updated_at: null, version: 2 }),
      order('b', { updated_at: at(2), version: 1 }),
      order('b', { updated_at: at(1), version: 2 }),
      order('c', { updated_at: at(2), version: 2 }),
      order('c', { updated_at: at(1), version: 1 }),
    ],
    { given: CHECK_OPTIONS.builtIn[0] },
  );
  assert.deepEqual(
    [report.order.mixed_axes, report.order.contradictions, report.order.axis_inversions],
    [1, 1, 2],
  );
  const codes = report.wishes.map(({ code }) => code);
  for (const code of ['mixed_axes', 'contradictions', 'axis_inversions'] as const) {
    assert.ok(codes.includes(code), codes.join());
  }
});

test('a given profile that makes dead letters of good messages is not the best one', async () => {
  const canonical = structuredClone(CHECK_OPTIONS.builtIn[0]!);
  canonical.topics.payment_order.aliases = { occurred_at: ['note'] };
  const given = parseProfile({ ...canonical, id: 'ours' }, 'test');
  const { report } = await check([order('a', { note: 'by hand' }), order('b')], { given });
  assert.deepEqual([report.verdict, report.best_profile], ['ready', 'canonical-v1']);
});

test('a profile that is given is tried; a zone that it names is known', async () => {
  const { profile } = await check([order('a', { created_at: at(0).slice(0, 19) })], {
    timeZone: 'Asia/Seoul',
  });
  const given = parseProfile({ ...profile, id: 'ours' }, 'test');
  const { report } = await check([order('a', { created_at: at(0).slice(0, 19) })], { given });
  assert.deepEqual([report.verdict, report.best_profile], ['ready', 'ours']);
});

test('aliases of a given profile count as agreed names', async () => {
  const canonical = structuredClone(CHECK_OPTIONS.builtIn[0]!);
  const orders = canonical.topics.payment_order;
  const given = parseProfile(
    {
      ...canonical,
      id: 'ours',
      topics: { ...canonical.topics, payment_order: { ...orders, aliases: { order_id: ['vorgang'] } } },
    },
    'test',
  );
  const { order_id: _id, ...rest } = order('a');
  const { report } = await check([{ ...rest, vorgang: 'a' }], { given, topic: 'payment_order' });
  assert.deepEqual([report.verdict, report.fields[0]!.found[0]!.name], ['ready', 'vorgang']);
});

test('a hub whose name a profile knows says which topic it is; another name needs a setting', async () => {
  const { report } = await check([order('a')], { hub: 'orders-of-shop' });
  assert.deepEqual(
    report.wishes.map(({ code, detail }) => [code, detail]),
    [['hub_name', 'PAYMENT_ORDER_TOPIC']],
  );
  const ledger = await check([order('a')], { hub: 'ledger.entry.upserted' });
  assert.deepEqual([ledger.report.topic, ledger.report.topic_guessed], ['ledger', false]);
});

test('amounts of more than one currency are told', async () => {
  const nested = (id: string, currency: string) => order(id, { amount: { value: 1, currency } });
  const { report } = await check([nested('a', 'KRW'), nested('b', 'USD')]);
  assert.deepEqual(report.wishes.find(({ code }) => code === 'currencies')?.names, ['amount.currency']);
  assert.ok(!JSON.stringify(report).includes('KRW'));
});

test('a mark of deletion is told: a record that is gone would stay', async () => {
  for (const mark of ['__deleted', 'is_deleted', 'deletedAt', 'DEL_YN']) {
    const { report } = await check([order('a', { [mark]: 'x' }), order('b', { [mark]: null })]);
    assert.deepEqual(report.wishes, [{ code: 'deletions', names: [mark] }]);
  }
  assert.deepEqual((await check([order('a', { __deleted: null, delta: 1 })])).report.wishes, []);
});

test('no object at all, or nothing, is an answer too', async () => {
  for (const samples of [[], [sampleOf(Buffer.from('[]'), 1, 'line 1', READ_AT)]]) {
    const { report } = await checkSamples(samples);
    assert.equal(report.samples.received, samples.length);
    assert.deepEqual(report.ratios[0]?.value, null);
  }
});

test('a wide topic does not fill the memory, and the report says so', async () => {
  const bodies = Array.from({ length: 300 }, (_, index) =>
    order(`o-${index}`, Object.fromEntries(Array.from({ length: 20 }, (__, j) => [`m${index}x${j}`, 1]))),
  );
  const { report } = await check(bodies);
  assert.equal(report.samples.all_members_seen, false);
  assert.equal(report.verdict, 'ready');
  assert.ok(report.other_members.length <= 30);
});

test('names as long as a message are not kept', async () => {
  const { report } = await check([order('a', { ['n'.repeat(100_000)]: 1 })]);
  assert.deepEqual([report.samples.all_members_seen, report.other_members], [false, []]);
});

test('beyond the limit records are followed by their hash, and the numbers say of how many', async () => {
  const bodies = Array.from({ length: 4000 }, (_, index) => order(`o-${index >> 1}`, { version: index & 1 }));
  const { report } = await check(bodies, { recordLimit: 300 });
  const { records, one_record_in: oneIn, further_states: further } = report.order;
  assert.ok(records <= 300 && oneIn >= 8, `${records} of one in ${oneIn}`);
  // Both states of each record that is followed were seen.
  assert.ok(Math.abs(records - further) < records / 2, `${records} records, ${further} further states`);
  const map = new SampledMap<number>(100);
  for (let key = 0; key < 100_000; key++) if (map.takes(`${key}`)) map.set(`${key}`, key);
  assert.ok(map.size <= 100 && map.size * map.oneIn > 50_000 && map.size * map.oneIn < 200_000);
});
