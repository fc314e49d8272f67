import { decodeBody } from '../../../shared/contracts/decode.ts';
import type { Profile } from '../../../shared/contracts/profile.ts';
import type { SyntheticEvent } from './payments.ts';

/** What a serializer writes before JSON: byte 0 and the id of a schema. */
const REGISTRY_HEADER = Buffer.from([0, 0, 0, 0, 1]);

/**
 * An event as a topic with this profile would carry it: its payload in the profile's envelope and encoding. Names stay as they
 * are, and so do values: the formats of a profile are not written.
 */
export function inEnvelope(event: SyntheticEvent, profile: Profile): SyntheticEvent {
  const { envelope = [], encoding } = profile.topics[event.topic];
  // What is no payload at all is malformed with or without an envelope.
  if (!decodeBody(event.body).accepted) return event;
  const body = envelope.reduceRight<string>(
    (inner, step) =>
      typeof step === 'string' ? `{${JSON.stringify(step)}:${inner}}` : JSON.stringify(inner),
    event.body.toString('utf8'),
  );
  const bytes = Buffer.from(body);
  return { ...event, body: encoding === 'registry_json' ? Buffer.concat([REGISTRY_HEADER, bytes]) : bytes };
}
