import assert from 'node:assert/strict';
import { test } from 'vitest';
import { schemaSource } from '../../../shared/schemas/schemaSource.ts';
import { frozenServer } from '../../support/frozenServer.ts';

test('a registry that takes the connection and never answers is away after ten seconds', async (t) => {
  const url = `http://127.0.0.1:${await frozenServer(t)}`;
  const schemas = schemaSource({ files: new Map(), confluent: { url } });
  const before = performance.now();
  await assert.rejects(schemas.read(new Set(['7'])), /does not answer \(TimeoutError\)/);
  assert.ok(performance.now() - before < 15_000);
}, 30_000);
