import { readFileSync } from 'node:fs';
import type { EventPosition } from '@azure/event-hubs';
import type { Log } from './log.ts';

/** The part of host.json that says how Event Hubs are read. */
export interface EventHubsSettings {
  maxEventBatchSize: number;
  prefetchCount: number;
  /** How much is asked for before it is handed over; not set: only the count says so. */
  prefetchSizeInBytes: number | undefined;
  loadBalancingUpdateIntervalMs: number;
  partitionOwnershipExpirationIntervalMs: number;
  /** Where a partition without a checkpoint is read from. */
  initialPosition: EventPosition;
}

/** The part of host.json that says how storage queues are read. */
export interface QueuesSettings {
  /** Messages that run at once. */
  batchSize: number;
  maxPollingIntervalMs: number;
  /** For how long a message that runs is hidden, again and again, and one that failed or whose host died stays away. */
  hiddenSeconds: number;
  /** Deliveries after which a message goes to the poison queue. */
  maxDequeueCount: number;
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
  const { take, end } = readExtension(file, 'eventHubs', NOT_APPLIED, log);
  const settings: EventHubsSettings = {
    maxEventBatchSize: take('maxEventBatchSize', 100, positiveInteger, COUNT),
    prefetchCount: take('prefetchCount', 300, positiveInteger, COUNT),
    prefetchSizeInBytes: take('prefetchSizeInBytes', undefined, positiveInteger, COUNT),
    loadBalancingUpdateIntervalMs: take('loadBalancingUpdateInterval', 30_000, timeSpan, TIME_SPAN),
    partitionOwnershipExpirationIntervalMs: take(
      'partitionOwnershipExpirationInterval',
      120_000,
      timeSpan,
      TIME_SPAN,
    ),
    initialPosition: take('initialOffsetOptions', { offset: '-1' }, position, POSITION),
  };
  take('batchCheckpointFrequency', 1, only(1), '1, all that this host knows');
  end();
  return settings;
}

/** What the real host takes. `LOCAL_QUEUE_HIDDEN_SECONDS` is for those who can't wait. */
const HIDDEN_SECONDS = 600;

/**
 * Reads `extensions.queues` in the same way. `visibilityTimeout` is not applied: of a message that failed, the real host
 * was seen to wait for the end of the ten minutes for which it had hidden it.
 */
export function readQueuesSettings(file: string, log: Log): QueuesSettings {
  const { take, end } = readExtension(file, 'queues', ['newBatchThreshold', 'visibilityTimeout'], log);
  const settings: QueuesSettings = {
    batchSize: take('batchSize', 16, positiveInteger, COUNT),
    maxPollingIntervalMs: take('maxPollingInterval', 60_000, timeSpan, TIME_SPAN),
    hiddenSeconds: Number(process.env['LOCAL_QUEUE_HIDDEN_SECONDS'] || HIDDEN_SECONDS),
    maxDequeueCount: take('maxDequeueCount', 5, positiveInteger, COUNT),
  };
  take('messageEncoding', 'base64', only('base64'), '"base64", all that this host knows');
  end();
  return settings;
}

/** Takes the values of one extension, and at the end tells what is left over or wrong. */
function readExtension(file: string, name: string, notApplied: readonly string[], log: Log) {
  const hostJson = JSON.parse(readFileSync(file, 'utf8')) as { extensions?: Record<string, unknown> };
  const given = { ...(hostJson.extensions?.[name] as Record<string, unknown>) };
  const problems: string[] = [];
  const take = <T>(key: string, byDefault: T, read: (value: unknown) => T | undefined, shape: string): T => {
    const value = given[key];
    delete given[key];
    if (value === undefined) return byDefault;
    const result = read(value);
    if (result === undefined) problems.push(`${key} must be ${shape}, not ${JSON.stringify(value)}`);
    return result ?? byDefault;
  };
  const end = () => {
    for (const key of Object.keys(given)) {
      if (!notApplied.includes(key)) problems.push(`${key} is unknown`);
      else log('information', 'Host.Startup', `host.json: extensions.${name}.${key} is not applied locally.`);
    }
    if (problems.length > 0) throw new Error(`${file}, extensions.${name}: ${problems.join('; ')}.`);
  };
  return { take, end };
}

function only<T>(known: T): (value: unknown) => T | undefined {
  return (value) => (value === known ? known : undefined);
}

const COUNT = 'a whole number from 1';

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
