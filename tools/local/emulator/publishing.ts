/** Links of producers: events in, and an acknowledgement when they are stored. */
import type { Delivery, EventContext, Receiver } from 'rhea';
import { MalformedAmqp } from './amqpBytes.ts';
import { type IncomingEvent, splitBatch } from './eventBytes.ts';
import type { Hub, Partition } from './hub.ts';
import { MAX_MESSAGE_SIZE } from './messageSize.ts';
import { isRefusal, type Refusal } from './refusal.ts';

const BATCH_FORMAT = 0x80013700;
/** Messages that a producer may send ahead of their acknowledgements, the service's number. */
const CREDIT = 300;

/**
 * Takes events from a link, for one partition or, when that is undefined, for the hub to distribute.
 *
 * Credit is given back when a message is settled and not when it arrives: that is what slows producers down when
 * storing is slower than sending.
 */
export function acceptEvents(link: Receiver, hub: Hub, partition: Partition | undefined): void {
  link.on('message', (context: EventContext) => {
    const delivery = context.delivery!;
    const settle = (refusal?: Refusal) => {
      if (refusal) delivery.reject(refusal);
      else delivery.accept();
      link.add_credit(1);
    };
    const events = readEvents(delivery, context.message);
    if (isRefusal(events)) return settle(events);
    const { log } = partition ?? hub.partitionFor(events[0]?.partitionKey);
    log.append(events, (error) => {
      settle(error && { condition: 'amqp:internal-error', description: `Not stored: ${error.message}` });
    });
  });
  link.add_credit(CREDIT);
}

/** rhea hands over messages of any format but 0 as bytes, whatever its types say. */
function readEvents(delivery: Delivery, message: unknown): IncomingEvent[] | Refusal {
  if (delivery.format !== BATCH_FORMAT || !Buffer.isBuffer(message)) {
    return {
      condition: 'amqp:not-implemented',
      description: 'The emulator takes messages in the batch format 0x80013700 of Event Hubs only.',
    };
  }
  if (message.length > MAX_MESSAGE_SIZE) {
    return {
      condition: 'amqp:link:message-size-exceeded',
      description: `The received message of ${message.length} bytes exceeds the limit of ${MAX_MESSAGE_SIZE} bytes.`,
    };
  }
  try {
    return splitBatch(message);
  } catch (error) {
    if (!(error instanceof MalformedAmqp)) throw error;
    return { condition: 'amqp:decode-error', description: `Not a valid batch: ${error.message}.` };
  }
}
