/** Links of producers: events in, and an acknowledgement when they are stored. */
import type { IncomingLink, IncomingMessage } from './amqp/incomingLink.ts';
import { MalformedAmqp } from './amqp/walk.ts';
import { type IncomingEvent, readEvent, splitBatch } from './eventBytes.ts';
import type { Hub, Partition } from './hub.ts';
import { isRefusal, type Refusal } from './refusal.ts';

/** Plain messages, and those of Event Hubs that hold several. */
const FORMAT = { plain: 0, batch: 0x80013700 } as const;
/** Messages that a producer may send ahead of their acknowledgements, the service's number. */
const CREDIT = 300;

/** Takes events from a link, for one partition or, when that is undefined, for the hub to distribute. */
export function acceptEvents(link: IncomingLink, hub: Hub, partition: Partition | undefined): void {
  link.serve(CREDIT, (message) => {
    const events = readEvents(message);
    if (isRefusal(events)) return message.settle(events);
    const { log } = partition ?? hub.partitionFor(events[0]?.partitionKey);
    log.append(events, (error) => {
      message.settle(
        error && { condition: 'amqp:internal-error', description: `Not stored: ${error.message}` },
      );
    });
  });
}

function readEvents({ bytes, format }: IncomingMessage): IncomingEvent[] | Refusal {
  try {
    if (format === FORMAT.batch) return splitBatch(bytes);
    if (format === FORMAT.plain) return [readEvent(bytes)];
  } catch (error) {
    if (!(error instanceof MalformedAmqp)) throw error;
    return { condition: 'amqp:decode-error', description: `Not a valid message: ${error.message}.` };
  }
  return {
    condition: 'amqp:not-implemented',
    description: `Messages have the format 0, or 0x80013700 of Event Hubs, and not 0x${format.toString(16)}.`,
  };
}
