import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { ALERT_FILE } from '../../../infra/alerts/alerts.ts';
import { adviceOn } from '../../../tools/texts/advice.ts';
import type { Texts } from '../../../tools/texts/catalogue.ts';
import { languageOf, TEXTS } from '../../../tools/texts/texts.ts';

const PAGE = fileURLToPath(new URL('../../../tools/view/page', import.meta.url));

/** Every text of a language, by its path. */
function flat({ adviceOfForm, ...parts }: Texts): Map<string, string> {
  const named = Object.entries(parts).flatMap(([part, texts]) =>
    Object.entries(texts as Record<string, string>).map(([name, text]) => [`${part}.${name}`, text] as const),
  );
  return new Map([...named, ['adviceOfForm', adviceOfForm]]);
}

const [en, ko] = [flat(TEXTS.en), flat(TEXTS.ko)];
const valuesIn = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([value]) => value).sort();

describe('the texts', () => {
  it('are there in both languages, none blank, each with the same values', () => {
    assert.deepEqual([...ko.keys()].sort(), [...en.keys()].sort());
    for (const [name, text] of en) {
      assert.notEqual(text.trim(), '', name);
      assert.deepEqual(valuesIn(ko.get(name)!), valuesIn(text), name);
    }
  });

  it('in Korean are Korean', () => {
    const others = [...ko].filter(([, text]) => !/[가-힣]/.test(text)).map(([name]) => name);
    assert.deepEqual(others, []);
  });

  it('name every alert', () => {
    const names = ALERT_FILE.alerts.map(({ name }) => name);
    assert.deepEqual(Object.keys(TEXTS.ko.alert).sort(), names.sort());
  });

  it('of the page stand in its HTML in English, for who sees it before its script', () => {
    for (const file of readdirSync(PAGE).filter((name) => name.endsWith('.html'))) {
      const html = readFileSync(join(PAGE, file), 'utf8');
      for (const [, name, text] of html.matchAll(/data-text="(\w+)"\s*>([^<]*)</g)) {
        assert.equal(text!.trim(), TEXTS.en.view[name as keyof Texts['view']], `${file}: ${name}`);
      }
    }
  });

  it('of the view are all used, and none that is used is missing', () => {
    const sources = readdirSync(PAGE)
      .filter((name) => /\.(js|html)$/.test(name))
      .map((name) => readFileSync(join(PAGE, name), 'utf8'))
      .join('\n');
    const families = [...sources.matchAll(/say\(`(\w+_)\$\{/g)].map(([, family]) => family!);
    const names = Object.keys(TEXTS.en.view);
    const unused = names.filter(
      (name) =>
        !new RegExp(`['"]${name}['"]`).test(sources) &&
        !families.some((family) => name.startsWith(family)) &&
        !sources.includes(`data-text="${name}"`),
    );
    assert.deepEqual(unused, []);
    const said = [...sources.matchAll(/say\('(\w+)'/g)].map(([, name]) => name!);
    assert.deepEqual(
      said.filter((name) => !names.includes(name)),
      [],
    );
    assert.ok(said.length > 50);
  });

  it('of the command line are all used', () => {
    const folder = join(PAGE, '../../operator');
    const sources = ['doctor', 'explain', 'commands']
      .flatMap((room) => readdirSync(join(folder, room)).map((name) => join(folder, room, name)))
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    for (const name of [...Object.keys(TEXTS.en.doctor), ...Object.keys(TEXTS.en.explain)])
      assert.ok(sources.includes(`'${name}'`), name);
    // The others are names of members: they are looked up by what a row has.
    const sentences = Object.entries(TEXTS.en.report).filter(([name, text]) => name !== text);
    for (const [name] of sentences) assert.ok(sources.includes(`'${name}'`), name);
  });

  it('are asked for by the environment as every program is', () => {
    assert.equal(languageOf({ LANG: 'ko_KR.UTF-8' }), 'ko');
    assert.equal(languageOf({ LANG: 'ko_KR.UTF-8', LC_ALL: 'C' }), 'en');
    assert.equal(languageOf({}), 'en');
  });

  it('say what to do by the form that arrived, else by the reason', () => {
    const detail =
      'amount: must be a number; found an object with members scale, value (docs/profiles.md#formats-of-values)';
    assert.match(adviceOn(TEXTS.en, 'core_invalid', detail)!, /section formats-of-values/);
    assert.match(adviceOn(TEXTS.ko, 'core_invalid', detail)!, /formats-of-values 절/);
    assert.equal(adviceOn(TEXTS.en, 'core_missing', 'amount: missing'), TEXTS.en.advice.core_missing);
    assert.equal(adviceOn(TEXTS.en, 'of a later release', 'whatever'), undefined);
  });
});
