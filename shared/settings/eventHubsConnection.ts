import type { EventHubConsumerClient, EventHubConsumerClientOptions } from '@azure/event-hubs';
import type { TokenCredential } from '@azure/identity';
import { identityCredential } from './identityCredential.ts';
import type { Environment, Report } from './report.ts';

/**
 * The consumer group in which single events are read again. Not the functions' own: there, the receivers of the host
 * would shut out any other. `$Default` is in every hub.
 */
const CONSUMER_GROUP = '$Default';

/** A namespace as the settings name it: by a connection string, or for an identity. */
export type EventHubsSettings =
  | { readonly connectionString: string }
  | { readonly namespace: string; readonly clientId: string };

/** The way to a namespace: a connection string, or an identity. */
export type HubAccess = string | { readonly namespace: string; readonly credential: TokenCredential };

/**
 * The settings that the triggers use: `EventHubs`, or `EventHubs__fullyQualifiedNamespace` with `EventHubs__clientId`;
 * `undefined` where there is neither.
 */
export function eventHubsSettings(environment: Environment, report: Report): EventHubsSettings | undefined {
  const value = (name: string) => environment[name]?.trim() ?? '';
  const connectionString = value('EventHubs');
  if (connectionString !== '') {
    if (!/(^|;)\s*Endpoint=sb:\/\//i.test(connectionString)) {
      report('EventHubs: must be a connection string that holds Endpoint=sb://...');
    }
    return { connectionString };
  }
  const namespace = value('EventHubs__fullyQualifiedNamespace');
  return namespace === '' ? undefined : { namespace, clientId: value('EventHubs__clientId') };
}

/** The host name of the namespace: under it the host keeps its checkpoints. */
export function namespaceOf(settings: EventHubsSettings): string {
  if ('namespace' in settings) return settings.namespace;
  return /(?:^|;)\s*Endpoint=sb:\/\/([^/:;]+)/i.exec(settings.connectionString)?.[1] ?? '';
}

export async function hubAccess(settings: EventHubsSettings): Promise<HubAccess> {
  if ('connectionString' in settings) return settings.connectionString;
  return { namespace: settings.namespace, credential: await identityCredential(settings.clientId) };
}

/**
 * Makes clients of hubs. The libraries are loaded by the first call: most processes never make one.
 */
export function hubConnector(
  settings: EventHubsSettings,
  options: EventHubConsumerClientOptions = {},
  consumerGroup: string = CONSUMER_GROUP,
): (hub: string) => Promise<EventHubConsumerClient> {
  // One for all clients: a credential keeps its tokens.
  let known: Promise<HubAccess> | undefined;
  return async (hub) => {
    known ??= hubAccess(settings);
    const [{ EventHubConsumerClient }, access] = await Promise.all([import('@azure/event-hubs'), known]);
    if (typeof access === 'string') return new EventHubConsumerClient(consumerGroup, access, hub, options);
    return new EventHubConsumerClient(consumerGroup, access.namespace, hub, access.credential, options);
  };
}
