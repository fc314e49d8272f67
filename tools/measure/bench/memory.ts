import { readFile } from 'node:fs/promises';
import { withClient } from '../../target/withClient.ts';
import { startBed } from './bed.ts';
import { checkAllStored, publishLedger, watchUntil } from './ledgerFlow.ts';
import { BenchPartition } from './workload.ts';

/** How often the memory is read: in the first of these the heap gets its size, hot code is compiled, connections are opened. */
const READINGS = 10;

/**
 * Resident memory of a host process (app, trigger and AMQP client in one), in MB, after each tenth of the events that it reads from a
 * backlog. What grows without limit shows in the readings.
 */
export async function measureMemory({ events = 5_000_000 }: { events?: number } = {}): Promise<number[]> {
  await using bed = await startBed({ ledger: 2, payment_order: 1, pair: 1 });
  const partitions = [new BenchPartition(0), new BenchPartition(1)];
  const topic = bed.topics.ledger;
  const part = Math.round(events / READINGS);
  return await withClient(bed.adminUrl, async (client) => {
    const host = await bed.startHost();
    const readings: number[] = [];
    for (let done = part; done <= part * READINGS; done += part) {
      await Promise.all([publishLedger(bed, partitions, part), watchUntil(client, topic, done)]);
      readings.push(await residentMb(host.pid));
    }
    await checkAllStored(client, topic, part * READINGS);
    return readings;
  });
}

/** Peak of a host's resident memory while it reads a backlog of large bodies out of one partition. */
export async function measureLargeBodies({
  events = 1500,
  bytes = 1_000_000,
}: {
  events?: number;
  bytes?: number;
} = {}): Promise<{ peakMb: number }> {
  await using bed = await startBed({ ledger: 1, payment_order: 1, pair: 1 });
  await publishLedger(bed, [new BenchPartition(0)], events, bytes);
  return await withClient(bed.adminUrl, async (client) => {
    const host = await bed.startHost();
    await watchUntil(client, bed.topics.ledger, events);
    const peakMb = await residentMb(host.pid, 'VmHWM');
    await checkAllStored(client, bed.topics.ledger, events);
    return { peakMb };
  });
}

/** Now, or at most since the process began. Only Linux tells it of another process in a file. */
async function residentMb(pid: number, which: 'VmRSS' | 'VmHWM' = 'VmRSS'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = new RegExp(`^${which}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`/proc/${pid}/status does not tell the resident memory.`);
  return Number(kilobytes) / 1024;
}
