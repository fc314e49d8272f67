import assert from 'node:assert/strict';
import { test } from 'vitest';
import { normalisePayload } from '../../../shared/contracts/normalise.ts';
import { openMessage } from '../../../shared/contracts/openMessage.ts';
import { BUILT_IN_PROFILES, contractOf, parseProfile } from '../../../shared/contracts/profile.ts';

const CLOCK = { enqueuedAt: 2e15, maxClockSkew: 0 };

function contractWith(change: object) {
  const profile = structuredClone(BUILT_IN_PROFILES['canonical-v1']) as { topics: Record<string, object> };
  Object.assign(profile.topics['payment_order']!, change);
  const contract = contractOf(parseProfile(profile, 'test'), 'payment_order', 'orders');
  return { ...contract, logicalTopic: 'payment_order' as const };
}

/** Amount and version of what is stored, or why nothing is. */
function read(change: object, body: string | Buffer | object): string {
  const contract = contractWith(change);
  const bytes =
    typeof body === 'string' || Buffer.isBuffer(body)
      ? Buffer.from(body as string)
      : Buffer.from(JSON.stringify(body));
  const message = openMessage(contract, { body: bytes });
  if (message.kind === 'ignored') return 'ignored';
  if (message.kind === 'rejected') return `${message.rejection.reason} ${message.rejection.detail}`;
  const result = normalisePayload(contract, message.root, message.payload, CLOCK);
  return result.accepted
    ? `${result.record.amount} ${result.record.version}`
    : `${result.reason} ${result.detail}`;
}

const record = { order_id: 'o', status: 'PAID', created_at: '2026-11-20T01:00:00Z', amount: '12.50' };
const text = JSON.stringify(record);

test("JSON behind a registry's header is read where the profile says so, and only there", () => {
  const registry = { encoding: 'registry_json' };
  const behind = (id: number[], json: string) => Buffer.concat([Buffer.from([0, ...id]), Buffer.from(json)]);
  assert.equal(read(registry, behind([0, 0, 0, 7], text)), '12.50 null');
  assert.equal(read(registry, behind([255, 254, 253, 252], text)), '12.50 null');
  assert.match(
    read(registry, text),
    /^not_json the body does not begin with a registry's schema id \(byte 0, four bytes\): found /,
  );
  assert.match(read(registry, behind([0, 0, 0, 7], '')), /^not_json the body does not begin/);
  assert.match(
    read(registry, behind([0, 0, 0, 7], '{')),
    /^not_json the body is not valid JSON: found JSON that is cut/,
  );
  assert.match(read(registry, Buffer.from([0, 0, 0, 0, 7, 0xff])), /^not_utf8/);
  assert.match(read(registry, ''), /^empty_body/);
  assert.match(read({}, behind([0, 0, 0, 7], text)), /^not_json .*a registry's schema id, then JSON/);
});

test('the envelope of a CloudEvent is data, as an object or as a string that holds JSON', () => {
  const event = (data: unknown) => ({ specversion: '1.0', type: 't', source: 's', id: '1', data });
  assert.equal(read({ envelope: ['data'] }, event(record)), '12.50 null');
  const inText = { envelope: ['data', { parse: 'json' }] };
  assert.equal(read(inText, event(text)), '12.50 null');
  assert.match(
    read(inText, event(record)),
    /^core_missing the envelope path data\.\(JSON\) leads nowhere; found a CloudEvent/,
  );
  assert.match(
    read({ envelope: ['data'] }, event(text)),
    /^core_missing the envelope path data leads nowhere/,
  );
  assert.match(read(inText, event('{')), /^core_missing/);
});

test('numbers keep their digits, in a string that holds JSON as well, also where it is the whole message', () => {
  const exact = text.replace('"12.50"', '12345678901234567.890');
  const whole = { envelope: [{ parse: 'json' }] };
  assert.equal(read(whole, JSON.stringify(exact)), '12345678901234567.890 null');
  assert.equal(
    read({ envelope: ['after', 'payload', { parse: 'json' }] }, { after: { payload: exact } }),
    '12345678901234567.890 null',
  );
  assert.match(read(whole, text), /^not_an_object/);
  assert.match(read({}, JSON.stringify(exact)), /^not_an_object .*a JSON string that holds JSON/);
});

test('a field can be read from the message around the record', () => {
  const change = { envelope: ['after'], aliases: { version: [{ root: ['source', 'lsn'] }] } };
  const message = (source: unknown, after: object = record) => ({ op: 'c', after, source });
  assert.equal(read(change, message({ lsn: 32_476_832 })), '12.50 32476832');
  assert.equal(read(change, message({ lsn: '9007199254740993' })), '12.50 9007199254740993');
  assert.equal(read(change, message({})), '12.50 null');
  assert.equal(read(change, message('text')), '12.50 null');
  assert.match(read(change, message({ lsn: 'x' })), /^field_invalid version: /);
  assert.match(
    read(change, message({ lsn: 2 }, { ...record, version: 1 })),
    /^alias_conflict version: version, \(root\)\.source\.lsn differ$/,
  );
  // Also a core field.
  const core = { envelope: ['after'], aliases: { status: [{ root: ['op'] }] } };
  assert.equal(read(core, { op: 'c', after: { ...record, status: null } }), '12.50 null');
  assert.throws(
    () => contractWith({ aliases: { version: [{ root: [] }] } }),
    /aliases\.version\.0\.root: Too small/,
  );
});

test("Debezium's operations: create, update and read are records, what takes rows away is a delete", () => {
  const envelope = { envelope: ['payload', 'after'] };
  const change = (op: string, after: object | null) => ({
    schema: null,
    payload: { op, before: record, after },
  });
  for (const op of ['c', 'u', 'r']) assert.equal(read(envelope, change(op, record)), '12.50 null', op);
  for (const op of ['d', 't']) {
    assert.match(
      read(envelope, change(op, null)),
      /^core_missing the envelope path payload\.after leads nowhere; found a delete in a Debezium envelope, inside schema/,
    );
  }
});

test('a record that is marked as deleted is never a living state, whatever the profile', () => {
  for (const deleted of ['true', true]) {
    assert.match(
      read({}, { ...record, __deleted: deleted }),
      /^core_missing the message says that its record was deleted/,
    );
    assert.match(
      read({ envelope: ['after'] }, { after: { ...record, __deleted: deleted } }),
      /^core_missing/,
    );
  }
  assert.equal(read({}, { ...record, __deleted: 'false' }), '12.50 null');
});

test('a profile names the member that says what was done, and its values that mean a delete', () => {
  const maxwell = { envelope: ['data'], operation: { path: ['type'], deletes: ['delete'] } };
  assert.equal(read(maxwell, { type: 'update', data: record }), '12.50 null');
  assert.equal(read(maxwell, { data: record }), '12.50 null');
  assert.match(
    read(maxwell, { type: 'delete', data: record }),
    /^core_missing the message says that its record was deleted/,
  );
  const flag = { operation: { path: ['meta', 'gone'], deletes: ['true', '1'] } };
  assert.match(read(flag, { ...record, meta: { gone: true } }), /^core_missing/);
  assert.match(read(flag, { ...record, meta: { gone: 1 } }), /^core_missing/);
  assert.equal(read(flag, { ...record, meta: { gone: null } }), '12.50 null');
});

test('a placeholder for a value that was not sent is field_invalid where it is read, and nothing elsewhere', () => {
  const placeholder = '__debezium_unavailable_value';
  for (const field of ['merchant_name', 'status', 'user_id', 'amount']) {
    for (const value of [placeholder, Buffer.from(placeholder).toString('base64')]) {
      assert.match(
        read({}, { ...record, [field]: value }),
        new RegExp(`^field_invalid ${field}: .*; found Debezium's placeholder for a large value`),
        field,
      );
    }
  }
  assert.equal(read({}, { ...record, memo: placeholder }), '12.50 null');
});

test('what a connector writes besides changes is named, also inside schema and payload', () => {
  for (const [message, form] of [
    [{ ts_ms: 1 }, "a connector's heartbeat"],
    [{ schema: {}, payload: { ts_ms: 1 } }, "a connector's heartbeat"],
    [
      { status: 'BEGIN', id: '1026:1', ts_ms: 1, event_count: null, data_collections: null },
      "a connector's transaction boundary",
    ],
    [{ source: {}, databaseName: 'd', ddl: 'create table', tableChanges: [] }, "a connector's schema change"],
    [{ op: 'm', message: { prefix: 'p' } }, "a connector's logical message"],
  ] as const) {
    assert.match(
      read({}, message),
      new RegExp(
        `^core_missing order_id: missing, null or blank; found ${form}( \\(docs\\/profiles.md#deletes\\))?$`,
      ),
    );
    assert.match(
      read({ envelope: ['after'] }, message),
      new RegExp(`leads nowhere; found ${form}( \\(docs\\/profiles.md#deletes\\))?$`),
    );
  }
});

test('what a profile says to ignore is ignored, and nothing else', () => {
  const messages: Record<string, (string | object)[]> = {
    deletes: [
      { op: 'd', before: record, after: null },
      { op: 't', before: null, after: null },
      { after: { ...record, __deleted: 'true' } },
      { type: 'delete', after: record },
    ],
    tombstones: ['', 'null', ' null '],
    connector_messages: [
      { ts_ms: 1 },
      { schema: {}, payload: { ts_ms: 1, ts_us: 1, ts_ns: 1 } },
      { status: 'END', id: '1', ts_ms: 1, event_count: 2, data_collections: [] },
      { databaseName: 'd', schemaName: 's', ddl: 'x', source: {} },
      { op: 'm', message: { prefix: 'p', content: 'e30=' } },
    ],
  };
  const rules = { envelope: ['after'], operation: { path: ['type'], deletes: ['delete'] } };
  for (const ignored of [[], ['deletes'], ['tombstones'], ['connector_messages'], Object.keys(messages)]) {
    for (const [kind, bodies] of Object.entries(messages)) {
      for (const body of bodies) {
        const found = read({ ...rules, ignored }, body);
        assert.equal(
          found === 'ignored',
          ignored.includes(kind),
          `${ignored} ${JSON.stringify(body)} ${found}`,
        );
      }
    }
  }
  const all = { ...rules, ignored: Object.keys(messages) };
  for (const body of [
    { after: record, op: 'c' },
    { after: record, ts_ms: 1 },
    { after: { ...record, status: 'END', id: '1', ddl: 'x', databaseName: 'd' } },
  ]) {
    assert.equal(read(all, body), '12.50 null', JSON.stringify(body));
  }
  // What might be a record that lost something is no message of a connector.
  for (const body of [
    '{}',
    '[]',
    '{',
    '"null"',
    { ts_ms: 1, amount: 1 },
    { op: 'c', after: null },
    { op: 'x', after: null },
  ]) {
    assert.notEqual(read(all, body), 'ignored', JSON.stringify(body));
  }
});
