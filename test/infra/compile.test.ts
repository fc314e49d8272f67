import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { findBicep, NO_BICEP } from '../../infra/compiler/bicep.ts';
import { skipBecause } from '../support/skipBecause.ts';
import { Templates } from './templates.ts';

const program = await findBicep();
const CONFIG = fileURLToPath(new URL('../../infra/bicepconfig.json', import.meta.url));

describe('main.bicep', skipBecause(program === undefined && NO_BICEP), () => {
  let templates: Templates;
  beforeAll(() => {
    templates = new Templates(program!);
  });
  afterAll(() => templates.close());

  it('compiles, and no rule of the linter has anything to say', async () => {
    const { contents, diagnostics } = await templates.compile(templates.copy());
    const said = diagnostics.map(
      ({ source, range, code, message }) => `${source}:${range.start.line + 1} ${code} ${message}`,
    );
    assert.deepEqual(said, []);
    assert.ok(contents);
  });

  it('takes no secret and asks for none: no secure parameter, no function that lists keys', async () => {
    const { contents } = await templates.compile(templates.copy());
    assert.deepEqual(contents?.match(/securestring|secureobject|\blist[A-Z]\w*\(/gi) ?? [], []);
  });

  it('is held to every rule of the linter, as an error', () => {
    const { analyzers } = JSON.parse(readFileSync(CONFIG, 'utf8'));
    const levels = Object.values<{ level: string }>(analyzers.core.rules).map(({ level }) => level);
    assert.ok(levels.length >= 44);
    assert.deepEqual([...new Set(levels)], ['error']);
  });

  it('does not compile with a parameter that nobody uses: the linter is really asked', async () => {
    const from = 'param privateNetwork bool';
    const change = { file: 'infra/main.bicep', from, to: `${from}\nparam unused string` };
    const { diagnostics } = await templates.compile(templates.copy([change]));
    assert.deepEqual(
      diagnostics.map(({ level, code }) => `${level} ${code}`),
      ['Error no-unused-params'],
    );
  });
});
