/** Where a receiver starts: the selector filter of its link, and the sequence number that it means. */
import type { PartitionLog } from './partitionLog.ts';
import type { Refusal } from './refusal.ts';

export type StartPosition =
  | { by: 'offset' | 'sequence-number'; value: number; inclusive: boolean }
  | { by: 'enqueued-time'; value: number }
  | { by: 'end'; inclusive: boolean };

const SELECTOR =
  /^amqp\.annotation\.x-opt-(offset|sequence-number|enqueued-time) (>=?) (?:'([^']*)'|([^'\s]+))$/;
const WHOLE_NUMBER = /^-?\d+$/;

/**
 * Reads a selector such as `amqp.annotation.x-opt-offset > '-1'`, with or without quotes. A link without one starts at the beginning.
 * Times are always exclusive, as at the service.
 */
export function parseSelector(selector: string | undefined): StartPosition | Refusal {
  if (selector === undefined) return { by: 'offset', value: -1, inclusive: false };
  const match = SELECTOR.exec(selector.trim());
  const [by, operator, text] = [match?.[1], match?.[2], match?.[3] ?? match?.[4] ?? ''];
  const inclusive = operator === '>=';
  if (by === 'offset' && text === '@latest') return { by: 'end', inclusive };
  if (!WHOLE_NUMBER.test(text)) return argumentError(`The filter '${selector}' is not supported.`);
  const value = Number(text);
  return by === 'enqueued-time'
    ? { by, value }
    : { by: by === 'offset' ? 'offset' : 'sequence-number', value, inclusive };
}

/**
 * The first sequence number to deliver. A position behind the last event is an error at the service, too: it means
 * that the reader knows another log than this one, for example of a hub that was deleted and made again.
 */
export function resolveStart(log: PartitionLog, start: StartPosition): number | Refusal {
  const last = log.last;
  switch (start.by) {
    case 'end':
      return start.inclusive && last ? last.sequenceNumber : log.nextSequenceNumber;
    case 'enqueued-time':
      return log.firstAfterTime(start.value);
    case 'offset': {
      const lastOffset = last?.offset ?? -1;
      if (start.value > lastOffset) {
        return argumentError(
          `The supplied offset '${start.value}' is invalid. The last offset in the system is '${lastOffset}'`,
        );
      }
      // Offsets are whole numbers, so "from x on" is "above x - 1".
      return log.firstAboveOffset(start.inclusive ? start.value - 1 : start.value);
    }
    case 'sequence-number': {
      const lastNumber = last?.sequenceNumber ?? -1;
      if (start.value > lastNumber) {
        return argumentError(
          `The supplied sequence number '${start.value}' is invalid. The last sequence number in the system is '${lastNumber}'`,
        );
      }
      return Math.max(log.beginSequenceNumber, start.inclusive ? start.value : start.value + 1);
    }
  }
}

function argumentError(description: string): Refusal {
  return { condition: 'com.microsoft:argument-error', description };
}
