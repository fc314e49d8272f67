import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { findBicep, NO_BICEP } from './bicep.ts';

// Compiles infra/main.bicep to what is deployed, and prints its SHA-256: the gate compares it.

const TEMPLATE = fileURLToPath(new URL('../main.bicep', import.meta.url));

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join('build', 'main.json') },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help)
  console.log('npm run template [-- --out FILE]\n\nCompiles infra/main.bicep (default: build/main.json).');
else {
  const bicep = await findBicep();
  if (bicep === undefined) {
    console.error(`The template can't be compiled: ${NO_BICEP}.`);
    process.exit(2);
  }
  const file = join(process.env['INIT_CWD'] ?? process.cwd(), values.out);
  await mkdir(dirname(file), { recursive: true });
  const { stderr } = await promisify(execFile)(bicep, ['build', TEMPLATE, '--outfile', file]);
  process.stderr.write(stderr);
  console.log(
    `${values.out}: sha256 ${createHash('sha256')
      .update(await readFile(file))
      .digest('hex')}`,
  );
}
