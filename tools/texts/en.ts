import { ALERT_FILE } from '../../infra/alerts/alerts.ts';
import type { Texts } from './catalogue.ts';
import { DOCTOR, PARTS } from './doctor/en.ts';
import { EXPLAIN } from './explain/en.ts';
import { REPORT } from './report/en.ts';
import { VIEW } from './view/en.ts';

export const EN: Texts = {
  view: VIEW,
  doctor: DOCTOR,
  part: PARTS,
  explain: EXPLAIN,
  report: REPORT,
  reason: {
    unreadable_body: 'No bytes and no text can be had of the body.',
    empty_body: 'The body has no bytes.',
    not_utf8: 'The body is no text in UTF-8.',
    not_json: 'The body is no JSON.',
    not_avro: 'The body does not fit its Avro schema, or nobody knows the schema.',
    not_an_object: 'The JSON is something else than one object.',
    unsupported_schema_version: 'The event names a version that this release does not know.',
    alias_conflict: 'Two names of one field hold different values.',
    core_missing: 'A field that the row cannot do without is missing.',
    core_invalid: 'A field that the row cannot do without has a value that can not be read.',
    field_invalid: 'Another field has a value that can not be read.',
    timestamp_in_future: 'updated_at lies after the time at which the broker had the event.',
    rejected_by_database: 'The table refused the row.',
  },
  advice: {
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
  },
  adviceOfForm:
    'A profile can read what arrived: docs/profiles.md, section {section}. Name it in the profile, restart the functions, then replay.',
  alert: Object.fromEntries(ALERT_FILE.alerts.map(({ name, description }) => [name, description])),
};
