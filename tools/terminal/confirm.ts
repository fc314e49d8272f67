import { createInterface } from 'node:readline/promises';
import { Complaint } from './exit.ts';

/**
 * Asks before something is done; `--yes` has answered already.
 * @param what is about to be done, as a sentence.
 * @throws Complaint where the answer is no, or nobody can be asked: then nothing was done.
 */
export async function confirm(what: string, { yes = false }: { readonly yes?: boolean }): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) {
    throw new Complaint(`${what} Nobody can be asked here: --yes does it without a question.`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${what} Do it? [y/N] `);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Complaint('Nothing was done.');
}
