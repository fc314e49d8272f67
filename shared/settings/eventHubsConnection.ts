import type { EventHubConsumerClient } from '@azure/event-hubs';
import type { TokenCredential } from '@azure/identity';
import { identityCredential } from './identityCredential.ts';
import type { Environment } from './report.ts';

/**
 * The consumer group in which single events are read again. Not the functions' own: there, the receivers of the host
 * would shut out any other. `$Default` is in every hub.
 */
const CONSUMER_GROUP = '$Default';

/** The way to a namespace: a connection string, or an identity. */
export type HubAccess = string | { readonly namespace: string; readonly credential: TokenCredential };

/**
 * From the settings that the triggers use: `EventHubs`, or `EventHubs__fullyQualifiedNamespace` with
 * `EventHubs__clientId` and the app's identity; `undefined` where there is neither.
 */
export async function hubAccess(environment: Environment): Promise<HubAccess | undefined> {
  const value = (name: string) => environment[name]?.trim() ?? '';
  const connectionString = value('EventHubs');
  if (connectionString !== '') return connectionString;
  const namespace = value('EventHubs__fullyQualifiedNamespace');
  if (namespace === '') return undefined;
  return { namespace, credential: await identityCredential(value('EventHubs__clientId')) };
}

/**
 * Makes clients of hubs from these settings, which `readSettings` has checked. The libraries are loaded by the first
 * call: most processes never make one.
 */
export function hubConnector(environment: Environment): (hub: string) => Promise<EventHubConsumerClient> {
  // One for all clients: a credential keeps its tokens.
  let known: ReturnType<typeof hubAccess> | undefined;
  return async (hub) => {
    known ??= hubAccess(environment);
    const [{ EventHubConsumerClient }, access] = await Promise.all([import('@azure/event-hubs'), known]);
    if (access === undefined) throw new Error('EventHubs is not set.');
    if (typeof access === 'string') return new EventHubConsumerClient(CONSUMER_GROUP, access, hub);
    return new EventHubConsumerClient(CONSUMER_GROUP, access.namespace, hub, access.credential);
  };
}
