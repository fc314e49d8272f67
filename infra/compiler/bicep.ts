import { execFile, spawn } from 'node:child_process';
import { accessSync, constants, copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node.js';

const PROJECT = fileURLToPath(new URL('./bicep.csproj', import.meta.url));
const PROGRAM = process.platform === 'win32' ? 'bicep.exe' : 'bicep';
const RESTORE_TIMEOUT_MS = 180_000;

/** Says how to get a compiler, where there is none. */
export const NO_BICEP =
  'there is no Bicep compiler: put bicep on PATH, set BICEP to its path, or install the .NET SDK, which fetches it from NuGet';

/**
 * The Bicep compiler: that of BICEP, one on PATH, or the one that infra/compiler/bicep.csproj names, restored by the .NET SDK
 * into this user's cache. Under CI a missing one is an error.
 */
export async function findBicep(): Promise<string | undefined> {
  const named = process.env['BICEP'];
  if (named && !isExecutable(named)) throw new Error(`BICEP: ${named} is no program that can be run.`);
  const found = named || onPath(PROGRAM) || (await restored());
  if (found === undefined && process.env['CI'] === 'true') throw new Error(`${NO_BICEP}.`);
  return found;
}

function onPath(program: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Not in the work tree: 120 MB, and the same for every clone. */
export async function restored(): Promise<string | undefined> {
  const dotnet = onPath(process.platform === 'win32' ? 'dotnet.exe' : 'dotnet');
  if (dotnet === undefined) return undefined;
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'backoffice-sync', 'bicep');
  const packages = join(cache, 'packages');
  const version = /Version="\[([^\]]+)\]"/.exec(readFileSync(PROJECT, 'utf8'))?.[1] ?? '';
  const program = join(packages, `azure.bicep.commandline.${platform()}`, version, 'tools', PROGRAM);
  if (isExecutable(program)) return program;
  mkdirSync(cache, { recursive: true });
  // A copy: dotnet writes next to the project.
  const project = join(cache, 'bicep.csproj');
  copyFileSync(PROJECT, project);
  const options = [`-p:BicepPlatform=${platform()}`, '--packages', packages, '--verbosity', 'quiet'];
  try {
    await promisify(execFile)(dotnet, ['restore', project, ...options], { timeout: RESTORE_TIMEOUT_MS });
  } catch (error) {
    console.error(`The Bicep compiler could not be restored: ${(error as Error).message}`);
    return undefined;
  }
  return program;
}

/** As NuGet names it. */
function platform(): string {
  const system = { darwin: 'osx', win32: 'win' }[process.platform as string] ?? 'linux';
  return `${system}-${process.arch}`;
}

/** What the compiler says of a file. */
export interface Diagnostic {
  readonly source: string;
  readonly range: { readonly start: { readonly line: number } };
  readonly level: string;
  readonly code: string;
  readonly message: string;
}

/** Where a prediction pretends to be deployed. */
export const PLACE = {
  tenantId: '99999999-9999-9999-9999-999999999999',
  subscriptionId: '00000000-0000-0000-0000-000000000000',
  resourceGroup: 'rg-bosync',
  location: 'koreacentral',
};

/** A running compiler. Its start takes a second, an answer a third of one. */
export class Bicep {
  readonly #connection: MessageConnection;
  readonly #end: () => Promise<void>;

  /** @param environment what parameter files read */
  constructor(program: string, environment: Readonly<Record<string, string>> = {}) {
    const child = spawn(program, ['jsonrpc', '--stdio'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    });
    this.#connection = createMessageConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
    );
    child.once('error', () => this.#connection.dispose());
    this.#connection.listen();
    this.#end = async () => {
      this.#connection.dispose();
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = new Promise((done) => child.once('exit', done));
      child.kill();
      await exit;
    };
  }

  /** The template as JSON, and what the compiler and its linter have to say. */
  async compile(file: string): Promise<{ contents: string | null; diagnostics: Diagnostic[] }> {
    return this.#connection.sendRequest('bicep/compile', { path: file });
  }

  /** The resources that a parameter file leads to, as JSON. @throws where it does not compile. */
  async snapshot(parameterFile: string): Promise<string> {
    try {
      const answer: { snapshot: string } = await this.#connection.sendRequest('bicep/getSnapshot', {
        path: parameterFile,
        metadata: { ...PLACE, deploymentName: null },
        externalInputs: null,
      });
      return answer.snapshot;
    } catch (error) {
      const reasons = (await this.#diagnose(parameterFile)).map(
        ({ source, range, code, message }) => `${source}:${range.start.line + 1} ${code} ${message}`,
      );
      // Not the error itself: it carries the stack of the compiler.
      throw new Error([`${parameterFile}: ${(error as Error).message}`, ...reasons].join('\n'));
    }
  }

  async #diagnose(parameterFile: string): Promise<Diagnostic[]> {
    const answer: { diagnostics: Diagnostic[] } = await this.#connection.sendRequest('bicep/compileParams', {
      path: parameterFile,
      parameterOverrides: {},
    });
    return answer.diagnostics.filter(({ level }) => level === 'Error');
  }

  close(): Promise<void> {
    return this.#end();
  }
}
