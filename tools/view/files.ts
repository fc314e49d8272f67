import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ALERT_FILE } from '../../infra/alerts/alerts.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.md': 'text/plain',
};

/** What the view serves, by its path: every file of the page, the chart library, and the runbook of each alert in both languages. */
const FILES: ReadonlyMap<string, string> = new Map([
  ...readdirSync(here('./page')).map((name) => [`/${name}`, here(`./page/${name}`)] as const),
  ['/', here('./page/index.html')],
  ['/dead-letters', here('./page/deadLetters.html')],
  ['/uplot.js', here('../../node_modules/uplot/dist/uPlot.esm.js')],
  ['/uplot.css', here('../../node_modules/uplot/dist/uPlot.min.css')],
  ...ALERT_FILE.alerts
    .flatMap(({ runbook }) => [runbook, runbook.replace(/\.md$/, '.ko.md')])
    .map((runbook) => [`/${runbook}`, here(`../../${runbook}`)] as const),
]);

/** What the page knows from the beginning. */
export interface PageValues {
  /** Empty: the address has it. */
  readonly token: string;
  readonly language: string;
}

/** Sends a file; false where there is none of this path. */
export async function sendFile(path: string, values: PageValues, response: ServerResponse): Promise<boolean> {
  const file = FILES.get(path);
  if (file === undefined) return false;
  const type = TYPES[extname(file)]!;
  let text = await readFile(file, 'utf8');
  if (type === 'text/html') {
    text = text.replace('content="TOKEN"', `content="${values.token}"`);
    text = text.replace('<html lang="en">', `<html lang="${values.language}">`);
  }
  send(response, 200, type, text);
  return true;
}

export function sendJson(response: ServerResponse, status: number, value: object): void {
  send(response, status, 'application/json', JSON.stringify(value));
}

export function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'cache-control': 'no-store',
    // Scripts and styles are this server's own files, and nothing else: what comes from events can't become one.
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; " +
      "form-action 'none'; frame-ancestors 'none'",
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}
