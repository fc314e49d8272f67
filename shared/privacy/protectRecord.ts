import type { LogicalTopic } from '../contracts/fields.ts';
import type { PaymentOrder, RecordOf } from '../contracts/records.ts';
import type { Positioned } from '../precedence/precedence.ts';
import type { Privacy } from './privacy.ts';

/**
 * An event with its user id as it is stored; others have none.
 * @param stored the row that it is compared with.
 */
export function protectRecord<T extends LogicalTopic, E extends Positioned<T>>(
  topic: T,
  privacy: Privacy,
  event: E,
  stored?: RecordOf<T>,
): E {
  if (topic !== 'payment_order') return event;
  const order = event.record as PaymentOrder;
  if (order.userId === null) return event;
  const userId = privacy.userId(
    order.userId,
    event.position.enqueuedAt,
    (stored as PaymentOrder | undefined)?.userId,
  );
  return userId === order.userId ? event : { ...event, record: { ...order, userId } };
}
