import type { Refused } from '../refusalLog.ts';
import type { Login } from './authentication.ts';
import type { LimitsName } from './limits.ts';
import type { Topics } from './topics.ts';

/** What a connection is served from. */
export interface Endpoint {
  readonly port: number;
  readonly topics: Topics;
  readonly limits: LimitsName;
  readonly refused: Refused;
}

/** What is known of a connection. */
export interface Session {
  /** The mechanism that the client chose; undefined before that. */
  mechanism: string | undefined;
  /** The login comes in a frame of its own, outside of any request, as it did before Kafka 1.0. */
  bareLogin: boolean;
  login: Login | undefined;
  /** Set where the connection has to be closed once the answer is sent. */
  over: boolean;
  /** Aborted when the connection is gone. */
  readonly gone: AbortSignal;
  readonly refused: Refused;
}

/** Whether the login of a connection reaches a topic: a connection string may name one hub. */
export function mayUse({ login }: Session, topic: string): boolean {
  return login?.onlyHub === undefined || login.onlyHub === topic.toLowerCase();
}
