import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import { found, foundIn, NAMED_SECTIONS } from '../../../shared/contracts/found.ts';

const page = readFileSync(new URL('../../../docs/profiles.md', import.meta.url), 'utf8');
/** As GitHub makes them of headings. */
const anchors = new Set(
  [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  ),
);

test('every section that a dead letter names is in the page on profiles', () => {
  assert.ok(NAMED_SECTIONS.length >= 5);
  for (const section of NAMED_SECTIONS) assert.ok(anchors.has(section), section);
});

test('a form that a profile can express names its section, any other none', () => {
  const section = (text: string) => /#([a-z-]+)\)$/.exec(text)?.[1];
  assert.equal(section(found('a Debezium envelope')), 'envelopes');
  assert.equal(section(found('a Debezium envelope, inside schema and payload')), 'envelopes');
  assert.equal(section(found('a delete in a Debezium envelope')), 'deletes');
  assert.equal(section(found("a connector's heartbeat")), 'deletes');
  assert.equal(section(found('a JSON string that holds JSON')), 'envelopes');
  assert.equal(
    section(found("a registry's schema id, then JSON (the wire format of a schema registry)")),
    'format',
  );
  assert.equal(section(found("a registry's schema id, then binary data such as Avro (...)")), 'avro');
  assert.equal(section(found('an array of 7 numbers', 'timestamp')), 'formats-of-values');
  assert.equal(section(found('a string of 8 characters that can be base64', 'money')), 'formats-of-values');
  assert.equal(
    section(found('an object with member S; the profile can name the path to its S', 'text')),
    'format',
  );
  for (const form of ['gzip', 'an array of 2 records', 'text that is no JSON'])
    assert.equal(found(form), `found ${form}`);
  for (const form of ['a boolean', 'an amount with its currency'])
    assert.equal(found(form, 'money'), `found ${form}`);
  assert.equal(found('an array of 7 numbers', 'money'), 'found an array of 7 numbers');
});

test('the form in a detail is what it was made of, with a section or without', () => {
  for (const form of [
    'a Debezium envelope',
    'gzip',
    'text like JSON, with an error in it',
    'a CloudEvent with data in base64',
  ]) {
    assert.equal(foundIn(`the body is not valid JSON: ${found(form)}`), form);
    assert.equal(foundIn(`amount: must be a decimal number; ${found(form)}`), form);
  }
  assert.equal(foundIn('amount: missing, null or blank'), undefined);
});
