import { Command } from 'commander';
import { recordAction } from '../../../shared/store/recordAction.ts';
import { operatorName, withTarget } from '../../target/target.ts';
import { Complaint, EXIT } from '../../terminal/exit.ts';
import { wholeNumber } from '../../terminal/options.ts';
import { writeRows } from '../../terminal/output.ts';
import { findByPrefix } from '../queries/findByPrefix.ts';

interface Options {
  readonly limit: number;
  readonly as?: string;
  readonly json?: boolean;
  readonly wide?: boolean;
}

export function findCommand(): Command {
  return new Command('find')
    .description('Ids that begin like this: entries, orders, payments, wallets. For explain.')
    .argument('<prefix>', 'how the id begins, in its own case')
    .option('--limit <n>', 'at most that many of each kind', wholeNumber(1), 20)
    .option('--as <name>', 'who asks, for the audit log (default: the user of this machine)')
    .option('--wide', 'as wide as it gets')
    .option('--json', 'write JSON')
    .addHelpText('after', '\nExit code 4 where nothing begins like this.')
    .action((prefix: string, { limit, as = operatorName(), json = false, wide = false }: Options) =>
      withTarget(async ({ database }) => {
        if (prefix === '') throw new Complaint('Say how the id begins: a prefix of nothing is every id.');
        const found = await findByPrefix(database, prefix, limit);
        await recordAction(database, {
          actor: as,
          action: 'find',
          details: {},
          result: { found: found.length },
        });
        writeRows(found, { json, wide, empty: 'Nothing begins like this. Case counts.' });
        if (found.length === 0) process.exitCode = EXIT.unknown;
        else if (
          Object.values(Object.groupBy(found, ({ kind }) => kind)).some((same) => same.length === limit)
        ) {
          console.error(`The first ${limit} of a kind; --limit shows more.`);
        }
      }),
    );
}
