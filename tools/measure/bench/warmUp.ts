import { migrate } from '../../../infra/database/migrate.ts';
import { openDatabase } from '../../../shared/store/database.ts';
import { withClient } from '../../target/withClient.ts';
import { ingestContestant } from './contestants.ts';
import { BenchPartition, ledgerEvents } from './workload.ts';

const EVENTS = 200_000;

/**
 * Gives a new server what one has that has run for days: WAL files that are used again and memory that was touched. Without
 * that, a third of its time goes into both.
 *
 * @param adminUrl the superuser's URL; what is written goes to a database of its own, which is dropped.
 */
export async function warmUpServer(adminUrl: string): Promise<void> {
  await withClient(adminUrl, async (admin) => {
    await admin.query('CREATE DATABASE warm_up');
    const url = new URL(adminUrl);
    url.pathname = '/warm_up';
    await migrate(url.href);
    const pool = openDatabase({
      connection: { connectionString: url.href },
      poolSize: 2,
      onIdleError: () => {},
    });
    const streams = ledgerEvents([new BenchPartition(0), new BenchPartition(1)], EVENTS, 'random');
    await ingestContestant(pool, 'ledger', streams, 1000)();
    await pool.end();
    await admin.query('DROP DATABASE warm_up');
    await admin.query('CHECKPOINT');
  });
}
