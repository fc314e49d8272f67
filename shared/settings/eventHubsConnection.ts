import type { EventHubConsumerClient } from '@azure/event-hubs';
import { identityCredential } from './identityCredential.ts';
import type { Environment } from './report.ts';

/**
 * The consumer group in which single events are read again. Not the functions' own: there, the receivers of the host
 * would shut out any other. `$Default` is in every hub.
 */
const CONSUMER_GROUP = '$Default';

/**
 * Makes clients of hubs from the settings that the triggers use (`readSettings` has checked them): `EventHubs`, or
 * `EventHubs__fullyQualifiedNamespace` with `EventHubs__clientId` and the app's identity. The libraries are loaded by
 * the first call: most processes never make one.
 */
export function hubConnector(environment: Environment): (hub: string) => Promise<EventHubConsumerClient> {
  const value = (name: string) => environment[name]?.trim() ?? '';
  return async (hub) => {
    const { EventHubConsumerClient } = await import('@azure/event-hubs');
    const connectionString = value('EventHubs');
    if (connectionString !== '') return new EventHubConsumerClient(CONSUMER_GROUP, connectionString, hub);
    const credential = await identityCredential(value('EventHubs__clientId'));
    return new EventHubConsumerClient(
      CONSUMER_GROUP,
      value('EventHubs__fullyQualifiedNamespace'),
      hub,
      credential,
    );
  };
}
