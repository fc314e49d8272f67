import { parseEventHubConnectionString } from '@azure/event-hubs';
import { SHARED_KEY, SHARED_KEY_NAME } from '../authorization.ts';
import { type KafkaError, kafkaError } from './errors.ts';

export const MECHANISM = 'PLAIN';
/** The user name that every Kafka client of Event Hubs has. */
const USER = '$ConnectionString';

/** What a connection string gives access to. */
export interface Login {
  /** Lower case; undefined where the connection string names no hub. */
  readonly onlyHub: string | undefined;
}

/** Checks what SASL PLAIN brings: nothing, the user and the password, each behind a zero byte (RFC 4616). */
export function logIn(bytes: Buffer): Login | KafkaError {
  const [, user, password, ...more] = bytes.toString('utf8').split('\0');
  if (user !== USER || password === undefined || more.length > 0) {
    return kafkaError('SASL_AUTHENTICATION_FAILED', `The user name must be ${USER}.`);
  }
  try {
    const parts = parseEventHubConnectionString(password);
    if (parts.sharedAccessKeyName !== SHARED_KEY_NAME || parts.sharedAccessKey !== SHARED_KEY) {
      return kafkaError(
        'SASL_AUTHENTICATION_FAILED',
        'The key of the connection string is not the emulator’s.',
      );
    }
    return { onlyHub: parts.eventHubName?.toLowerCase() };
  } catch {
    return kafkaError('SASL_AUTHENTICATION_FAILED', 'The password must be a connection string.');
  }
}
