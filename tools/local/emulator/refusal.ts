/** An error that the broker sends to a client: a condition that clients act upon, and a text for people. */
export interface Refusal {
  condition: Condition;
  description: string;
}

/** The error conditions that Event Hubs clients know, by meaning. */
export type Condition =
  | 'amqp:decode-error'
  | 'amqp:internal-error'
  | 'amqp:link:message-size-exceeded'
  | 'amqp:link:stolen'
  | 'amqp:not-found'
  | 'amqp:not-implemented'
  | 'amqp:resource-limit-exceeded'
  | 'amqp:unauthorized-access'
  | 'com.microsoft:argument-error'
  | 'com.microsoft:argument-out-of-range';

/** Tells a refusal from a regular result. */
export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'condition' in value;
}
