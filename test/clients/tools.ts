/** Programs of other languages that tests use where they are installed. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a program ended. */
export interface Run {
  readonly code: number;
  readonly output: string;
}

/** Runs a program to its end, with `input` as its standard input. */
export function run(program: string, programArguments: readonly string[], input = ''): Promise<Run> {
  return new Promise((resolve) => {
    const child = execFile(program, programArguments, { timeout: 170_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, output: `${stdout}${stderr}` });
    });
    child.stdin?.on('error', () => {}); // a program that does not read it
    child.stdin?.end(input);
  });
}

/** Why the tests that need a program are skipped, or false. Under CI a missing program is an error. */
export async function skipWithout(program: string, versionArgument: string): Promise<string | false> {
  const { code, output } = await run(program, [versionArgument]);
  if (code === 0) return false;
  if (process.env['CI'] === 'true') throw new Error(`${program} is missing: ${output}`);
  return `${program} is not installed`;
}

/** Builds one of the programs in `dotnet/` with its packages from NuGet. Returns the path of its DLL. */
export async function buildDotnet(project: 'amqp' | 'kafka' | 'host', assembly: string): Promise<string> {
  const source = fileURLToPath(new URL(`dotnet/${project}`, import.meta.url));
  const target = mkdtempSync(join(tmpdir(), 'dotnet-client-'));
  process.once('exit', () => rmSync(target, { recursive: true, force: true }));
  const intermediate = `--property:BaseIntermediateOutputPath=${join(target, 'obj')}/`;
  const build = ['build', source, '--verbosity', 'quiet', '--configuration', 'Release', '--nologo'];
  const { code, output } = await run('dotnet', [...build, '--output', join(target, 'out'), intermediate]);
  if (code !== 0) throw new Error(`The check program was not built:\n${output}`);
  return join(target, 'out', `${assembly}.dll`);
}
