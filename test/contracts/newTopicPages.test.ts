import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { test } from 'vitest';
import { ALERT_FILE } from '../../infra/alerts/alerts.ts';
import { METRICS } from '../../shared/metrics/catalogue.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = ['docs/new-topic.md', 'docs/new-topic.ko.md'];
const textOf = (page: string) => readFileSync(join(ROOT, page), 'utf8');

interface Line {
  readonly id: string;
  readonly proof: string;
}

/** The lines of the checklist. */
const linesOf = (page: string): Line[] =>
  [...textOf(page).matchAll(/^\| (\d+\.\d+) \| (.+) \| (.+) \|$/gm)].map(([, id, , proof]) => ({
    id: id!,
    proof: proof!,
  }));

/** What stands in code: commands, options, metrics. */
const codeIn = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
const commandsIn = (text: string) => codeIn(text).filter((code) => code.startsWith('npm '));
/** The numbers that follow each metric, until the next one. */
const limitsIn = (text: string) =>
  text
    .split('`')
    .map((part, index, parts) => (index % 2 === 1 && part in METRICS ? [part, parts[index + 1]!] : []))
    .filter((found) => found.length > 0)
    .map(([metric, rest]) => [metric, ...(rest!.match(/\d+(\.\d+)?/g) ?? [])]);

/** The commands of the command line that `--help` lists, by name. */
async function commandLine(): Promise<Map<string, Command>> {
  const listed = programHelp('tools/operator/main.ts');
  const commands = new Map<string, Command>();
  for (const file of globSync('tools/operator/commands/*.ts', { cwd: ROOT })) {
    const exported = (await import(join(ROOT, file))) as Record<string, () => Command>;
    for (const [name, make] of Object.entries(exported)) {
      if (!name.endsWith('Command')) continue;
      const command = make();
      if (new RegExp(`^  ${command.name()}( |$)`, 'm').test(listed)) commands.set(command.name(), command);
    }
  }
  return commands;
}

function programHelp(program: string): string {
  return execFileSync(process.execPath, [program, '--help'], { cwd: ROOT, encoding: 'utf8' });
}

test('both pages have the same lines, with the same commands, metrics and limits', () => {
  const [english, korean] = PAGES.map(linesOf) as [Line[], Line[]];
  assert.deepEqual(
    korean.map(({ id }) => id),
    english.map(({ id }) => id),
  );
  assert.ok(english.length > 20);
  for (const [index, { id, proof }] of english.entries()) {
    const other = korean[index]!.proof;
    assert.deepEqual(codeIn(other).sort(), codeIn(proof).sort(), id);
    assert.ok(codeIn(proof).length > 0, `${id} names a command or a metric`);
    // "at most 5 where the lag is above 0" has another order in Korean.
    assert.deepEqual(limitsIn(other).flat().sort(), limitsIn(proof).flat().sort(), id);
  }
});

test('every command on the pages exists, with its options', async () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const cli = await commandLine();
  const start = programHelp('tools/local/start.ts');
  const writer = readFileSync(join(ROOT, 'tools/contracts/write.ts'), 'utf8');
  const commands = new Set(PAGES.flatMap((page) => commandsIn(textOf(page))));
  for (const command of commands) {
    const [, script, rest = ''] = /^npm (?:run )?(\S+)(?: -- (.*))?$/.exec(command) ?? [];
    const words = rest.split(' ');
    const [name, subcommand] = words;
    const options = words.filter((word) => word.startsWith('--'));
    assert.ok(script! in scripts, command);
    if (script === 'test') assert.ok(existsSync(join(ROOT, name!)), command);
    else if (script === 'cli') {
      const found = cli.get(name!);
      assert.ok(found, command);
      const inner = found.commands.find((one) => one.name() === subcommand) ?? found;
      if (found.commands.length > 0) assert.notEqual(inner, found, command);
      const known = inner.options.map(({ long }) => long);
      for (const option of options) assert.ok(known.includes(option), command);
    } else {
      assert.ok(script === 'start' || script === 'schemas', command);
      const text = script === 'start' ? start : writer;
      for (const option of options) assert.ok(text.includes(`${option} `), command);
    }
  }
  assert.ok(commands.size > 15, [...commands].join('\n'));
});

test('the limits on the pages are those of the alerts', () => {
  const limits = new Map<string, number>(
    ALERT_FILE.alerts.flatMap(({ condition, threshold }) =>
      'metric' in condition ? [[condition.metric as string, threshold] as const] : [],
    ),
  );
  const checked = new Set<string>();
  for (const page of PAGES) {
    const [, watched] = textOf(page).split('\n## 4.');
    for (const [metric, limit] of limitsIn(watched!)) {
      const threshold = limits.get(metric!);
      // The lag is named a second time, as a condition.
      if (threshold === undefined || limit === undefined || limit === '0') continue;
      assert.equal(Number(limit), threshold, `${page}: ${metric}`);
      checked.add(metric!);
    }
  }
  for (const metric of [
    'metadata_coverage_ratio',
    'core_violation_rate',
    'alias_hit_ratio',
    'version_missing_ratio',
  ]) {
    assert.ok(checked.has(metric), metric);
  }
});

test('the links of the pages for producers lead somewhere', () => {
  const pages = [
    ...PAGES,
    ...globSync('docs/{examples/README,schemas/README,control-totals*}.md', { cwd: ROOT }),
  ];
  for (const page of pages) {
    for (const [, target] of textOf(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      assert.ok(existsSync(join(ROOT, dirname(page), target!)), `${page}: ${target}`);
    }
  }
  assert.equal(pages.length, 6);
});
