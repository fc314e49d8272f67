import { Command, Option } from 'commander';
import { VIOLATIONS } from '../../../shared/contracts/settlementRules.ts';
import { withTarget } from '../../target/target.ts';
import { EXIT } from '../../terminal/exit.ts';
import { wholeNumber } from '../../terminal/options.ts';
import { writeRows } from '../../terminal/output.ts';
import { countViolations } from '../queries/countViolations.ts';
import { listViolations } from '../queries/listViolations.ts';

interface Options {
  readonly kind?: string;
  readonly limit: number;
  readonly wide?: boolean;
  readonly json?: boolean;
}

const NONE = 'Every payment adds up.';

export function settlementCommand(): Command {
  return new Command('settlement').description('What was paid, refunded and is left.').addCommand(check());
}

function check(): Command {
  return new Command('check')
    .description('Payments that do not add up, and for how long: the oldest first. explain ID shows one.')
    .addOption(new Option('--kind <kind>', 'of this kind only').choices(VIOLATIONS))
    .option('--limit <n>', 'at most that many', wholeNumber(1), 50)
    .option('--wide', 'as wide as it gets')
    .option('--json', 'write JSON')
    .addHelpText(
      'after',
      `
Examples:
  npm run cli -- settlement check
  npm run --silent cli -- settlement check --kind refund_exceeds_payment --json
What is wrong with each kind: docs/runbooks/alerts/settlement-violation.md. The timer keeps the list, every 30 seconds.
Exit code 1 where a violation is older than 60 seconds: a younger one may be a half whose other half is on its way.`,
    )
    .action(({ kind, limit, json = false, wide = false }: Options) =>
      withTarget(async ({ database }) => {
        const { kinds, unseen } = await countViolations(database);
        const wanted = kinds.filter((one) => kind === undefined || one.kind === kind);
        const found = await listViolations(database, { kind: kind ?? null, most: limit });
        writeRows(
          found.map(({ since, ...violation }) => ({ ...violation, since: since.toISOString() })),
          { json, wide, empty: NONE },
        );
        for (const one of wanted) console.error(`${one.kind}: ${one.payments}, ${one.older} older than 60 s`);
        if (unseen) console.error('The timer has not looked at everything yet.');
        if (wanted.some(({ older }) => older > 0)) process.exitCode = EXIT.left;
      }),
    );
}
