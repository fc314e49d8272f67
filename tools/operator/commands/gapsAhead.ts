import { readLedger } from '../../../shared/store/metrics/readLedger.ts';
import { missingNumbers } from '../../../shared/store/replay/missingNumbers.ts';
import { hubReader, type Target } from '../../target/target.ts';
import type { Gap } from '../queries/readGaps.ts';

/**
 * What the hubs hold before the first number that was ever processed of a partition: the sequence ledger alone does not
 * know that it is there. Without the setting of the hubs, nothing, and a line that says so.
 */
export async function gapsAhead({ settings, database }: Target): Promise<Gap[]> {
  if (settings.eventHubs === undefined) {
    console.error('Without EventHubs only gaps behind the first processed number are known.');
    return [];
  }
  const hub = hubReader(settings.eventHubs);
  const ledger = await readLedger(database);
  const gaps: Gap[] = [];
  for (const hubName of Object.values(settings.topics)) {
    const partitions = ledger.filter(({ topic, firstSeen }) => topic === hubName && firstSeen !== null);
    if (partitions.length === 0) continue;
    const numbers = partitions.map(({ partition }) => partition);
    const held = await hub.heldNumbers(hubName, numbers);
    for (const { topic, partition, epoch, firstSeen } of partitions) {
      // A recreated hub may have fewer partitions.
      const { first, last } = held.find((one) => one.partition === partition) ?? { first: 0, last: -1 };
      const ahead = { from: first, to: Math.min(firstSeen! - 1, last) };
      if (ahead.from > ahead.to) continue;
      for (const { from, to } of await missingNumbers(database, topic, partition, ahead)) {
        gaps.push({ topic, partition, epoch, from, to, events: to - from + 1 });
      }
    }
  }
  return gaps;
}
