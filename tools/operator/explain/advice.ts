import type { RejectionReason } from '../../../shared/contracts/rejection.ts';

/** What to do about a dead letter, by its reason (SPEC 2.3). */
export const ADVICE: Readonly<Record<RejectionReason, string>> = {
  unreadable_body:
    'Its producer has to send it again as bytes: nothing exact can be had of an AMQP value or sequence like this one.',
  empty_body:
    'A tombstone, or a producer that sends nothing. A profile can ignore tombstones (docs/profiles.md); else ask the producer.',
  not_utf8: 'Its producer has to write UTF-8; the detail names what was found.',
  not_json:
    'Its producer has to send JSON, or a profile has to say how its bytes are to be read; the detail names what was found.',
  not_avro:
    'Does the registry, or avro_schemas of the profile, have the schema that it names? Then replay; else its producer has to mend the bytes.',
  not_an_object: 'Its producer has to send one record as a JSON object; a profile can name the path to it.',
  unsupported_schema_version: 'Deploy the release that knows this version, then replay.',
  alias_conflict: 'Two names of one field hold different values: its producer has to say which one counts.',
  core_missing:
    'Is the field there under another name? An alias in the profile, then a replay, brings it in; else its producer has to send it.',
  core_invalid:
    'Is it a form that a profile can name (docs/profiles.md)? Then replay; else its producer has to mend the value.',
  field_invalid:
    'Is it a form that a profile can name (docs/profiles.md)? Then replay; else its producer has to mend the value.',
  timestamp_in_future:
    'The clock of its producer is ahead. Have it set right; replay run --ids ID --accept-future stores the event as it is.',
  rejected_by_database:
    'A table refused what the contract let through: a defect of this product, or a constraint that somebody added.',
};
