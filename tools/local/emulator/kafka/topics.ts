import type { Hub } from '../hub.ts';

/** Hubs as topics, by the name that the client used for them. */
export interface Topics {
  readonly all: readonly Hub[];
  find(name: string): Hub | undefined;
}
