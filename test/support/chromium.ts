import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** An installed Chromium: that of CHROMIUM, or one on PATH. Under CI a missing one is an error. */
export function findChromium(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found =
    process.env['CHROMIUM'] ??
    folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((file) => existsSync(file));
  if (found === undefined && process.env['CI'] === 'true') {
    throw new Error('There is no Chromium on PATH: install it (apt-get install chromium), or set CHROMIUM.');
  }
  return found;
}

export function startChromium(executablePath: string): Promise<Browser> {
  // Without its sandbox: a container's root has none. It shows this test's own page only.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
