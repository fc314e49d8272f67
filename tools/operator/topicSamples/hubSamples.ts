import type { EventHubConsumerClient } from '@azure/event-hubs';
import {
  type ConnectHub,
  type HeldNumbers,
  HubError,
  type HubReader,
} from '../../../shared/replay/hubReader.ts';
import type { Spool } from './spool.ts';

/** How much of a hub is read. */
export type HubPart = { readonly last: number } | { readonly minutes: number };

/** How long a partition may take to say that it has nothing since then. */
const NOTHING_AFTER_SECONDS = 10;

/** Puts the latest events of all partitions into a spool, as lines with the broker's data; nobody's checkpoints move. */
export async function spoolHub(
  reader: HubReader,
  connect: ConnectHub,
  hub: string,
  part: HubPart,
  spool: Spool,
  progress: (read: number) => void,
): Promise<void> {
  const held = (await reader.heldNumbers(hub)).filter(({ first, last }) => last >= first);
  const ranges =
    'last' in part
      ? lastOf(held, part.last)
      : await heldSince(connect, hub, held, new Date(Date.now() - part.minutes * 60_000));
  let read = 0;
  for (const { partition, first, last } of ranges) {
    await reader.read(hub, partition, { from: first, to: last }, async (events) => {
      for (const { sequenceNumber, enqueuedAt, key, body, schemaId } of events) {
        const line = {
          partition,
          sequence_number: sequenceNumber,
          enqueued_at: new Date(enqueuedAt / 1000).toISOString(),
          key,
          schema_id: schemaId,
          body_base64: body.toString('base64'),
        };
        spool.write(Buffer.from(`${JSON.stringify(line)}\n`));
      }
      read += events.length;
      progress(read);
      return true;
    });
  }
}

/** The last events in all: as many of each partition, or all of one that has fewer. */
function lastOf(held: readonly HeldNumbers[], count: number): HeldNumbers[] {
  const ranges: HeldNumbers[] = [];
  let left = count;
  const bySize = [...held].sort((a, b) => a.last - a.first - (b.last - b.first));
  for (const [index, { partition, first, last }] of bySize.entries()) {
    const share = Math.min(last - first + 1, Math.ceil(left / (bySize.length - index)));
    if (share > 0) ranges.push({ partition, first: last - share + 1, last });
    left -= share;
  }
  return ranges.sort((a, b) => a.partition - b.partition);
}

/** What partitions hold of the time since then. */
export async function heldSince(
  connect: ConnectHub,
  hub: string,
  held: readonly HeldNumbers[],
  from: Date,
): Promise<HeldNumbers[]> {
  const client = await connect(hub);
  try {
    const firsts = await Promise.all(held.map(({ partition }) => firstSince(client, hub, partition, from)));
    return held.flatMap(({ partition, last }, index) => {
      const first = firsts[index];
      return first === undefined || first > last ? [] : [{ partition, first, last }];
    });
  } finally {
    await client.close();
  }
}

/** The number of the first event of a partition that was enqueued since then. */
async function firstSince(
  client: EventHubConsumerClient,
  hub: string,
  partition: number,
  from: Date,
): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const subscription = client.subscribe(
      String(partition),
      {
        processEvents: async ([event]) => {
          resolve(event?.sequenceNumber);
          void subscription.close();
        },
        processError: async (error) => {
          reject(new HubError(hub, error));
          void subscription.close();
        },
      },
      {
        startPosition: { enqueuedOn: from, isInclusive: true },
        maxBatchSize: 1,
        maxWaitTimeInSeconds: NOTHING_AFTER_SECONDS,
        skipParsingBodyAsJson: true,
      },
    );
  });
}
