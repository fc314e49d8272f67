import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A fenced block of a page, and what stands behind its fence: `sql`, `sql owner`, `sh`, `sh azure`, `sh source`, `kusto`. */
export interface Block {
  readonly kind: string;
  readonly text: string;
  /** What stands in the page after it. */
  readonly after: string;
}

export interface Page {
  readonly file: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

export function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```([a-z ]+)\n([\s\S]*?)^```$/gm)].map((match) => ({
    kind: match[1]!,
    text: match[2]!,
    after: text.slice(match.index + match[0].length),
  }));
}

/** Every runbook in English, or in Korean. */
export function runbooks(language: 'en' | 'ko' = 'en'): Page[] {
  return globSync('docs/runbooks/{*,alerts/*}.md', { cwd: ROOT })
    .filter((file) => !/README/.test(file) && file.endsWith('.ko.md') === (language === 'ko'))
    .sort()
    .map((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      return { file, text, blocks: blocksOf(text) };
    });
}

/** The commands of this kind in every page, each once. */
export function linesOf(kind: string): string[] {
  const lines = runbooks().flatMap(({ blocks }) =>
    blocks.filter((block) => block.kind === kind).flatMap(({ text }) => text.trim().split('\n')),
  );
  return [...new Set(lines)];
}

/** A command or statement with the words in capitals filled in. */
export function filled(text: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce(
    (done, [name, value]) => done.replace(new RegExp(`\\b${name}\\b(?!=)`, 'g'), value),
    text,
  );
}
