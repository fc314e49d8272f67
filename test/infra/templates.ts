import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Bicep } from '../../infra/compiler/bicep.ts';
import { SAMPLE_ENVIRONMENT } from '../../infra/prediction/describe.ts';
import { type Prediction, readPrediction } from '../../infra/prediction/prediction.ts';
import type { Meant } from './invariants/invariant.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The parameter files that are tested, and what each is meant to be. */
export const PARAMETER_FILES = {
  'infra/cloud-test.bicepparam': { profile: 'cloud-test', private: false, existing: [] },
  'infra/cloud-secure.bicepparam': { profile: 'cloud-secure', private: true, existing: [] },
  'test/infra/reuse.bicepparam': {
    profile: 'cloud-secure',
    private: true,
    existing: ['namespace', 'namespaceEndpoint', 'network', 'vault', 'workspace', 'zones'],
  },
} as const satisfies Readonly<Record<string, Meant>>;

/** Of what an owner makes once, after the first deployment. */
export const ONCE = 'infra/once.bicepparam';

export type ParameterFile = keyof typeof PARAMETER_FILES;

/** A change of a template: the text that it takes away, which must be there, and what it puts in its place. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Predicts from copies of the templates, changed or not. */
export class Templates {
  readonly #folder = mkdtempSync(join(tmpdir(), 'backoffice-sync-infra-'));
  readonly #bicep: Bicep;
  #copies = 0;

  constructor(program: string, environment: Readonly<Record<string, string>> = SAMPLE_ENVIRONMENT) {
    this.#bicep = new Bicep(program, environment);
  }

  /** A folder of its own each time: the compiler remembers files that it has read. */
  copy(changes: readonly Change[] = []): string {
    const folder = join(this.#folder, String(++this.#copies));
    for (const part of ['infra', 'test/infra']) {
      cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    }
    for (const { file, from, to } of changes) {
      const text = readFileSync(join(folder, file), 'utf8');
      if (!text.includes(from)) throw new Error(`${file} does not hold: ${from}`);
      writeFileSync(join(folder, file), text.replace(from, to));
    }
    return folder;
  }

  compile(folder: string, file = 'main.bicep'): ReturnType<Bicep['compile']> {
    return this.#bicep.compile(join(folder, 'infra', file));
  }

  /** Without the linter, which would refuse some of the changes before any resource is predicted. */
  async predict(file: ParameterFile | typeof ONCE, changes: readonly Change[] = []): Promise<Prediction> {
    const folder = this.copy(changes);
    writeFileSync(
      join(folder, 'infra', 'bicepconfig.json'),
      JSON.stringify({ analyzers: { core: { enabled: false } } }),
    );
    return readPrediction(await this.#bicep.snapshot(join(folder, file)));
  }

  async close(): Promise<void> {
    await this.#bicep.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
