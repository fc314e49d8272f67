import { isThisMachine } from '../../shared/settings/databaseConnection.ts';
import { namespaceOf } from '../../shared/settings/eventHubsConnection.ts';
import type { OperatorSettings } from '../../shared/settings/settings.ts';
import { confirm } from '../terminal/confirm.ts';

/** Where a command works, as a person knows it, without what is secret: the first line of each command. */
export function targetLine(settings: OperatorSettings): string {
  const { host, port, name, login } = databaseOf(settings);
  const hubs =
    settings.eventHubs === undefined ? 'no Event Hubs' : `Event Hubs ${namespaceOf(settings.eventHubs)}`;
  const place = isElsewhere(settings) ? '' : ' (this machine)';
  return `Target: database ${name} at ${host}:${port} as ${login}, ${hubs}, profile ${settings.profile.id}${place}`;
}

/** Whether anything that a command works with is outside of this machine. */
export function isElsewhere({ database, eventHubs, storage }: Parts): boolean {
  const hosts = [
    databaseOf({ database }).host,
    ...(eventHubs === undefined ? [] : [namespaceOf(eventHubs)]),
    ...(storage === undefined ? [] : storageHosts(storage)),
  ];
  return !hosts.every(isThisMachine);
}

/**
 * Asks before a command writes outside of this machine.
 * @param what it is about to do, in the infinitive.
 * @throws Complaint where the answer is no, or nobody can be asked.
 */
export async function confirmElsewhere(settings: OperatorSettings, what: string, yes = false): Promise<void> {
  if (isElsewhere(settings)) await confirm(`This is not this machine: it is about to ${what}.`, { yes });
}

type Parts = Pick<OperatorSettings, 'database' | 'eventHubs' | 'storage'>;

/** The parts of a database's address. */
export function databaseOf({ database: config }: Pick<OperatorSettings, 'database'>) {
  if (config.connectionString === undefined) {
    return { host: config.host!, port: String(config.port), name: config.database!, login: config.user! };
  }
  const { hostname, port, pathname, username } = new URL(config.connectionString);
  const decoded = { name: decodeURIComponent(pathname.slice(1)), login: decodeURIComponent(username) };
  return { host: hostname, port, ...decoded };
}

function storageHosts(storage: NonNullable<Parts['storage']>): string[] {
  if (!('connectionString' in storage)) return [new URL(storage.queueServiceUri).hostname];
  const { connectionString: text } = storage;
  if (/(^|;)\s*UseDevelopmentStorage\s*=\s*true/i.test(text)) return ['127.0.0.1'];
  const queues = /(?:^|;)\s*QueueEndpoint=([^;]+)/i.exec(text)?.[1];
  // Without an address of its own, it is Azure's.
  return [queues !== undefined && URL.canParse(queues) ? new URL(queues).hostname : 'core.windows.net'];
}
