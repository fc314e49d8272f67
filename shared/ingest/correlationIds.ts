import type { BrokerEvent } from './brokerEvent.ts';
import type { RejectedEvent } from './prepare.ts';

/** A batch has up to a thousand events, a log line room for 32 kB. */
const MOST = 20;

/** Correlation ids for the log line of a batch: those of its dead letters first, at most 20, each once. */
export function correlationIds(
  events: readonly BrokerEvent[],
  rejected: readonly RejectedEvent[],
): readonly string[] {
  const found = new Set<string>();
  for (const { correlationId } of [...rejected.map(({ event }) => event), ...events]) {
    if (correlationId !== null) found.add(correlationId);
    if (found.size === MOST) break;
  }
  return [...found];
}
