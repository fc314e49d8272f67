import { decodeBody } from '../../../shared/contracts/decode.ts';
import type { Profile } from '../../../shared/contracts/profile.ts';
import type { SyntheticEvent } from './payments.ts';

/** An event as a topic with this profile would carry it: its payload in the profile's envelope. Names stay as they are. */
export function inEnvelope(event: SyntheticEvent, profile: Profile): SyntheticEvent {
  const envelope = profile.topics[event.topic].envelope ?? [];
  // What is no payload at all is malformed with or without an envelope.
  if (envelope.length === 0 || !decodeBody(event.body).accepted) return event;
  const body = envelope.reduceRight<string>(
    (inner, step) =>
      typeof step === 'string' ? `{${JSON.stringify(step)}:${inner}}` : JSON.stringify(inner),
    event.body.toString('utf8'),
  );
  return { ...event, body: Buffer.from(body) };
}
