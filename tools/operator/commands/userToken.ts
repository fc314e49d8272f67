import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { userIdToken } from '../../../shared/privacy/userIdToken.ts';
import { recordAction } from '../../../shared/store/recordAction.ts';
import { operatorName, withTarget } from '../../target/target.ts';
import { Complaint } from '../../terminal/exit.ts';

export function userTokenCommand(): Command {
  return new Command('user-token')
    .description('What a user id is stored as, under every key: to find a user with USER_ID_MODE=hmac.')
    .option('--as <name>', 'who asks, for the audit log (default: the user of this machine)')
    .addHelpText(
      'after',
      `
The id is read from standard input: an argument would be seen in the list of processes.
  read -rs ID && printf %s "$ID" | npm run --silent cli -- user-token
One token a line, the newest key last. A user's orders are those with any of them in bo.payment_orders.user_id.`,
    )
    .action(({ as = operatorName() }: { as?: string }) =>
      withTarget(async ({ settings, database }) => {
        if (process.stdin.isTTY) console.error('The user id, then Enter and Ctrl-D:');
        const userId = (await text(process.stdin)).trim();
        if (userId === '') throw new Complaint('Standard input is empty: there is no user id.');
        const keys = (await settings.privacy.userIdKeys()).enabled();
        await recordAction(database, {
          actor: as,
          action: 'user-token',
          details: {},
          result: { keys: keys.length },
        });
        for (const key of keys) console.log(userIdToken(key, userId));
      }),
    );
}
