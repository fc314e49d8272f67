import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Bicep, findBicep, NO_BICEP } from '../compiler/bicep.ts';
import { describePools, describePrediction, SAMPLE_ENVIRONMENT } from './describe.ts';
import { readPrediction } from './prediction.ts';

const DOCUMENT = new URL('../../docs/infrastructure.md', import.meta.url);
const MARK = '<!-- From here on written by `npm run infra:describe`. -->';
const PROFILES = [
  ['Cloud-Test', 'cloud-test'],
  ['Cloud-Secure', 'cloud-secure'],
] as const;

/** docs/infrastructure.md as it should be: what was written by hand, then the predicted resources of both profiles. */
export async function describeInfra(program: string): Promise<{ is: string; shouldBe: string }> {
  const is = readFileSync(DOCUMENT, 'utf8');
  const [byHand] = is.split(MARK);
  const bicep = new Bicep(program, SAMPLE_ENVIRONMENT);
  try {
    const parts = [];
    for (const [title, file] of PROFILES) {
      const path = fileURLToPath(new URL(`../${file}.bicepparam`, import.meta.url));
      parts.push(`## ${title}\n\n${describePrediction(readPrediction(await bicep.snapshot(path)))}\n`);
    }
    parts.push(`## Pools by server\n\nBefore \`databasePoolSize\` limits them.\n\n${describePools()}\n`);
    return { is, shouldBe: `${byHand}${MARK}\n\n${parts.join('\n')}` };
  } finally {
    await bicep.close();
  }
}

if (import.meta.main) {
  const program = await findBicep();
  if (program === undefined) throw new Error(`${NO_BICEP}.`);
  writeFileSync(DOCUMENT, (await describeInfra(program)).shouldBe);
}
