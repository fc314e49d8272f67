import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { startPostgres } from '../../local/processes/postgres.ts';
import { createScratchDatabase } from '../../proof/scratchDatabase.ts';
import { seedOption, wholeNumber } from '../../terminal/options.ts';
import { HostileMix } from './mix.ts';

const BATCHES_PER_ROUND = 1000;
const REPORT_EVERY_MS = 30_000;

const options = new Command('npm run test:hostile --')
  .description('Concurrent writers on a few keys, on a PostgreSQL of its own: no deadlock, and exact tables.')
  .option('--minutes <n>', 'how long', wholeNumber(1), 10)
  .addOption(seedOption())
  .parse()
  .opts<{ minutes: number; seed: number }>();

/** Returns whether all was right. */
async function run(url: string): Promise<boolean> {
  const mix = new HostileMix(url, options.seed);
  const startedAt = Date.now();
  const end = startedAt + options.minutes * 60_000;
  console.log(`Seed ${options.seed}, ${options.minutes} minutes.`);
  let differences: readonly string[] = [];
  let reportAt = startedAt + REPORT_EVERY_MS;
  while (Date.now() < end && differences.length === 0) {
    differences = await mix.round(BATCHES_PER_ROUND);
    if (Date.now() < reportAt) continue;
    reportAt += REPORT_EVERY_MS;
    console.log(
      `  ${Math.round((Date.now() - startedAt) / 1000)} s: ${mix.rounds} rounds, ${mix.deliveries} deliveries`,
    );
  }
  const { deadlocks, committed, rolledBack } = await mix.stop();
  for (const difference of differences) console.log(`  ${difference}`);
  console.log(
    `${mix.rounds} rounds of ${BATCHES_PER_ROUND} batches, ${mix.deliveries} deliveries: ${deadlocks} deadlocks, ` +
      `${differences.length} differences from the model (${committed} transactions, ${rolledBack} tried again).`,
  );
  return deadlocks === 0 && differences.length === 0;
}

const directory = mkdtempSync(join(tmpdir(), 'hostile-'));
const postgres = await startPostgres({
  directory,
  port: 0,
  settings: { fsync: 'off', full_page_writes: 'off' },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => void postgres.stop().then(() => process.exit(130)));
}
try {
  const database = await createScratchDatabase(postgres.url('postgres'));
  process.exitCode = (await run(database.url)) ? 0 : 1;
  await database.drop();
} finally {
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}
