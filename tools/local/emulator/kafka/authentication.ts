import { parseEventHubConnectionString } from '@azure/event-hubs';
import { SHARED_KEY, SHARED_KEY_NAME } from '../authorization.ts';
import { type KafkaError, kafkaError } from './errors.ts';

export const MECHANISMS: readonly string[] = ['PLAIN', 'OAUTHBEARER'];
/** The user name that every Kafka client of Event Hubs has. */
const USER = '$ConnectionString';

/** What a login gives access to. */
export interface Login {
  /** Lower case; undefined where the login reaches every hub. */
  readonly onlyHub: string | undefined;
  /** Milliseconds since 1970; undefined for a login that does not expire. */
  readonly expiresAt: number | undefined;
}

/** Checks what the client brings for one of the mechanisms. */
export function logIn(mechanism: string, bytes: Buffer, now: number): Login | KafkaError {
  return mechanism === 'PLAIN' ? logInByKey(bytes) : logInByToken(bytes, now);
}

/** SASL PLAIN: nothing, the user and the password, each behind a zero byte (RFC 4616). */
function logInByKey(bytes: Buffer): Login | KafkaError {
  const [, user, password, ...more] = bytes.toString('utf8').split('\0');
  if (user !== USER || password === undefined || more.length > 0)
    return failed(`The user name must be ${USER}.`);
  try {
    const parts = parseEventHubConnectionString(password);
    if (parts.sharedAccessKeyName !== SHARED_KEY_NAME || parts.sharedAccessKey !== SHARED_KEY) {
      return failed('The key of the connection string is not the emulator’s.');
    }
    return { onlyHub: parts.eventHubName?.toLowerCase(), expiresAt: undefined };
  } catch {
    return failed('The password must be a connection string.');
  }
}

/** What stands between the fields of a token's login, and in front of the token. */
const [SEPARATOR, BEARER] = ['\u0001', 'auth=Bearer '];

/**
 * SASL OAUTHBEARER (RFC 7628) with a JSON Web Token. Nobody vouches for an issuer here, so the signature is not checked:
 * what has the form of a token, an issuer, and an expiry to come is let in.
 */
function logInByToken(bytes: Buffer, now: number): Login | KafkaError {
  const fields = bytes.toString('utf8').split(SEPARATOR);
  const parts =
    fields
      .find((field) => field.startsWith(BEARER))
      ?.slice(BEARER.length)
      .split('.') ?? [];
  if (parts.length === 0) return failed('There is no bearer token.');
  const [header, claims] = [jsonOf(parts[0]), jsonOf(parts[1])];
  if (parts.length !== 3 || typeof header?.['alg'] !== 'string' || claims === undefined) {
    return failed('The token is no JSON Web Token.');
  }
  const { iss: issuer, exp: expiry, nbf: notBefore } = claims;
  if (typeof issuer !== 'string' || issuer === '') return failed('The token has no issuer (iss).');
  if (typeof expiry !== 'number') return failed('The token has no expiry (exp).');
  if (expiry * 1000 <= now) return failed('The token is expired.');
  if (typeof notBefore === 'number' && notBefore * 1000 > now) return failed('The token is not valid yet.');
  // Whole milliseconds, as many as there are: an expiry may have a fraction, or lie further away than numbers reach.
  const expiresAt = Math.min(Math.floor(expiry * 1000), Number.MAX_SAFE_INTEGER);
  return { onlyHub: undefined, expiresAt };
}

function jsonOf(part: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function failed(text: string): KafkaError {
  return kafkaError('SASL_AUTHENTICATION_FAILED', text);
}
