import type { Incident } from './incident.ts';
import { connections, constraint, lock } from './ofDatabase.ts';
import { deadLetters, gap, hubRecreated, poison, sourceLoss } from './ofStream.ts';

/** What `npm start -- --incident NAME` can make, each with the runbook that ends it. */
export const INCIDENTS: Readonly<Record<string, Incident>> = {
  lock,
  connections,
  constraint,
  gap,
  poison,
  'dead-letters': deadLetters,
  'hub-recreated': hubRecreated,
  'source-loss': sourceLoss,
};
