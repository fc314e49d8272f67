import { type EventHubsSettings, namespaceOf } from '../settings/eventHubsConnection.ts';
import { checkpointContainer, type StorageSettings } from '../settings/storageConnection.ts';
import { HostCheckpoints } from './hostCheckpoints.ts';

/** The checkpoints of a deployment; `undefined` where its settings do not say where they are. */
export function checkpointsOf(settings: {
  readonly eventHubs: EventHubsSettings;
  readonly consumerGroup: string;
  readonly storage: StorageSettings | undefined;
}): HostCheckpoints | undefined {
  const connect = checkpointContainer(settings.storage);
  if (connect === undefined) return undefined;
  const { consumerGroup, eventHubs } = settings;
  return new HostCheckpoints({ connect, namespace: namespaceOf(eventHubs), consumerGroup });
}
