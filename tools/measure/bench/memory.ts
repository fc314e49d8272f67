import { withClient } from '../../target/withClient.ts';
import { residentMb } from '../residentMb.ts';
import { startBed } from './bed.ts';
import { checkAllStored, publishLedger, watchUntil } from './ledgerFlow.ts';
import { BenchPartition } from './workload.ts';

const EVENTS = 5_000_000;
/** After each of these the memory is read: in the first the heap gets its size, hot code is compiled, connections are opened. */
const PART = EVENTS / 10;
const LARGE = { events: 1500, bytes: 1_000_000 };

/**
 * Resident memory of a host process (app, trigger and AMQP client in one), in MB, after each tenth of the events that it reads from a
 * backlog. What grows without limit shows in the readings.
 */
export async function measureMemory(): Promise<number[]> {
  await using bed = await startBed({ ledger: 2, payment_order: 1, pair: 1 });
  const partitions = [new BenchPartition(0), new BenchPartition(1)];
  const topic = bed.topics.ledger;
  return await withClient(bed.adminUrl, async (client) => {
    const host = await bed.startHost();
    const readings: number[] = [];
    for (let done = PART; done <= EVENTS; done += PART) {
      await Promise.all([publishLedger(bed, partitions, PART), watchUntil(client, topic, done)]);
      readings.push(memoryOf(host.pid, 'VmRSS'));
    }
    await checkAllStored(client, topic, EVENTS);
    return readings;
  });
}

/** Peak of a host's resident memory while it reads a backlog of large bodies out of one partition. */
export async function measureLargeBodies(): Promise<{ peakMb: number }> {
  const { events, bytes } = LARGE;
  await using bed = await startBed({ ledger: 1, payment_order: 1, pair: 1 });
  await publishLedger(bed, [new BenchPartition(0)], events, bytes);
  return await withClient(bed.adminUrl, async (client) => {
    const host = await bed.startHost();
    await watchUntil(client, bed.topics.ledger, events);
    const peakMb = memoryOf(host.pid, 'VmHWM');
    await checkAllStored(client, bed.topics.ledger, events);
    return { peakMb };
  });
}

function memoryOf(pid: number, which: 'VmRSS' | 'VmHWM'): number {
  const mb = residentMb(pid, which);
  if (mb === null) throw new Error(`/proc/${pid}/status does not tell the resident memory.`);
  return mb;
}
