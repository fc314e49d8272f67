import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { withClient } from '../../tools/target/withClient.ts';
import type { TestDatabase } from './database.ts';

const execute = promisify(execFile);

/** What a command came to. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command as a person does, under this environment and no setting of the test's own. */
export async function cli(words: readonly string[], environment: Record<string, string>): Promise<Ended> {
  const bare = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(PG|DATABASE_|EventHubs|AzureWebJobsStorage|LOCAL_)/.test(name),
    ),
  );
  const options = { env: { ...bare, ...environment }, maxBuffer: 64 * 1024 * 1024 };
  const found = await execute(process.execPath, ['tools/operator/main.ts', ...words], options).catch(
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
  return { code: 'code' in found ? found.code : 0, out: found.stdout, err: found.stderr };
}

/** The URL of a new login that is a member of these roles; dropped afterwards. */
export async function loginWith(
  t: { onTestFinished(step: () => Promise<void>): void },
  database: TestDatabase,
  ...roles: readonly string[]
): Promise<string> {
  const name = `explain_${process.pid}_${Math.abs(hash(roles.join() + database.url))}`;
  const server = process.env['TEST_POSTGRES_URL']!;
  await withClient(server, async (client) => {
    await client.query(`CREATE ROLE ${name} LOGIN PASSWORD 'local' IN ROLE ${roles.join(', ')}`);
  });
  t.onTestFinished(() =>
    withClient(server, async (client) => void (await client.query(`DROP ROLE ${name}`))),
  );
  const url = new URL(database.url);
  [url.username, url.password] = [name, 'local'];
  return url.href;
}

function hash(text: string): number {
  return [...text].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)!) | 0, 7);
}
