import { readFileSync } from 'node:fs';
import type { EventPosition } from '@azure/event-hubs';
import type { Log } from './log.ts';

/** The part of host.json that says how Event Hubs are read. */
export interface EventHubsSettings {
  maxEventBatchSize: number;
  prefetchCount: number;
  loadBalancingUpdateIntervalMs: number;
  partitionOwnershipExpirationIntervalMs: number;
  /** Where a partition without a checkpoint is read from. */
  initialPosition: EventPosition;
}

// Settings of the real host that have no effect on what this one does.
const NOT_APPLIED = [
  'minEventBatchSize',
  'maxWaitTime',
  'targetUnprocessedEventThreshold',
  'transportType',
  'webProxy',
  'clientRetryOptions',
  'customEndpointAddress',
  'enableCheckpointing',
  'trackLastEnqueuedEventProperties',
];

/**
 * Reads `extensions.eventHubs` of a host.json, with the defaults of Azure Functions. Throws an error that names
 * every value that is unknown or malformed; a known one that this host does not apply is logged.
 */
export function readEventHubsSettings(file: string, log: Log): EventHubsSettings {
  const hostJson = JSON.parse(readFileSync(file, 'utf8')) as { extensions?: { eventHubs?: unknown } };
  const given = { ...(hostJson.extensions?.eventHubs as Record<string, unknown>) };
  const problems: string[] = [];
  const take = <T>(name: string, byDefault: T, read: (value: unknown) => T | undefined, shape: string): T => {
    const value = given[name];
    delete given[name];
    if (value === undefined) return byDefault;
    const result = read(value);
    if (result === undefined) problems.push(`${name} must be ${shape}, not ${JSON.stringify(value)}`);
    return result ?? byDefault;
  };
  const settings: EventHubsSettings = {
    maxEventBatchSize: take('maxEventBatchSize', 100, positiveInteger, 'a whole number from 1'),
    prefetchCount: take('prefetchCount', 300, positiveInteger, 'a whole number from 1'),
    loadBalancingUpdateIntervalMs: take('loadBalancingUpdateInterval', 30_000, timeSpan, TIME_SPAN),
    partitionOwnershipExpirationIntervalMs: take(
      'partitionOwnershipExpirationInterval',
      120_000,
      timeSpan,
      TIME_SPAN,
    ),
    initialPosition: take('initialOffsetOptions', { offset: '-1' }, position, POSITION),
  };
  take(
    'batchCheckpointFrequency',
    1,
    (value) => (value === 1 ? 1 : undefined),
    '1, all that this host knows',
  );
  for (const name of Object.keys(given)) {
    if (!NOT_APPLIED.includes(name)) problems.push(`${name} is unknown`);
    else
      log('information', 'Host.Startup', `host.json: extensions.eventHubs.${name} is not applied locally.`);
  }
  if (problems.length > 0) throw new Error(`${file}, extensions.eventHubs: ${problems.join('; ')}.`);
  return settings;
}

function positiveInteger(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 1 ? (value as number) : undefined;
}

const TIME_SPAN = 'a time span above zero such as "00:00:30"';

/** Reads [d.]hh:mm:ss[.fffffff], as .NET writes a time span; milliseconds. */
function timeSpan(value: unknown): number | undefined {
  const match = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(\.\d{1,7})?$/.exec(String(value));
  if (!match) return undefined;
  const [days, hours, minutes, seconds, fraction] = match
    .slice(1)
    .map((part) => Number(part ?? 0)) as number[];
  if (hours! > 23 || minutes! > 59 || seconds! > 59) return undefined;
  const total = ((days! * 24 + hours!) * 60 + minutes!) * 60 + seconds! + fraction!;
  return total > 0 ? total * 1000 : undefined;
}

const POSITION = '{"type": "fromStart" | "fromEnd"} or {"type": "fromEnqueuedTime", "enqueuedTimeUtc": "…Z"}';

function position(value: unknown): EventPosition | undefined {
  const { type, enqueuedTimeUtc } = (value ?? {}) as Record<string, unknown>;
  switch (String(type).toLowerCase()) {
    case 'fromstart':
      return { offset: '-1' };
    case 'fromend':
      return { offset: '@latest' };
    case 'fromenqueuedtime': {
      const time = Date.parse(String(enqueuedTimeUtc));
      return Number.isNaN(time) ? undefined : { enqueuedOn: time };
    }
    default:
      return undefined;
  }
}
