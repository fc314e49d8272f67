/**
 * Why an event became a dead letter (SPEC 2.3). The list is in the order in which the rules are checked: the
 * first one that an event breaks names it.
 */
export const REJECTION_REASONS = [
  'unreadable_body',
  'empty_body',
  'not_utf8',
  'not_json',
  'not_avro',
  'not_an_object',
  'unsupported_schema_version',
  'alias_conflict',
  'core_missing',
  'core_invalid',
  'field_invalid',
  'timestamp_in_future',
  'rejected_by_database',
] as const;

export type RejectionReason = (typeof REJECTION_REASONS)[number];

/** The reasons that count into `consumer_contract_core_violation_total`. */
export const CORE_VIOLATIONS: ReadonlySet<RejectionReason> = new Set([
  'core_missing',
  'core_invalid',
  'alias_conflict',
]);

/**
 * An event that cannot be stored. `detail` names the field and the rule that it breaks. It never repeats a
 * value: it is read by people who may not see payloads.
 */
export interface Rejection {
  readonly accepted: false;
  readonly reason: RejectionReason;
  readonly detail: string;
}

export function reject(reason: RejectionReason, detail: string): Rejection {
  return { accepted: false, reason, detail };
}
