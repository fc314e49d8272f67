import { withClient } from '../../target/withClient.ts';
import { startBed } from './bed.ts';
import { checkAllStored, publishLedger, watchUntil } from './ledgerFlow.ts';
import { warmUpServer } from './warmUp.ts';
import { BenchPartition } from './workload.ts';

/**
 * What one host stores of a backlog of ledger entries, from the broker to the commit: AMQP, trigger, function,
 * database. Two partitions, each with one leg of every payment, so that they meet at every pair. The first batches,
 * in whose time the host starts, are not counted.
 *
 * @throws where an event is missing afterwards.
 */
export async function measureTriggerPath({
  events = 100_000,
}: {
  events?: number;
} = {}): Promise<{ eventsPerSecond: number }> {
  await using bed = await startBed({ ledger: 2, payment_order: 1, pair: 1 });
  await warmUpServer(bed.adminUrl);
  await publishLedger(bed, [new BenchPartition(0), new BenchPartition(1)], events);
  return await withClient(bed.adminUrl, async (client) => {
    await bed.startHost();
    const { first, last } = await watchUntil(client, bed.topics.ledger, events);
    await checkAllStored(client, bed.topics.ledger, events);
    return { eventsPerSecond: (last.processed - first.processed) / ((last.at - first.at) / 1000) };
  });
}
