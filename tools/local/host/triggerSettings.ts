import { Cron } from 'croner';
import type { BindingInfo, FunctionMetadata } from './coreTypes.ts';
import type { QueueOutput } from './queueOutput.ts';

/** What an Event Hubs trigger listens to, with all settings resolved. */
export interface EventHubTrigger {
  bindingName: string;
  connectionString: string;
  eventHubName: string;
  consumerGroup: string;
}

/** What a queue trigger listens to, and the queue that takes what the function returns. */
export interface QueueTrigger {
  bindingName: string;
  connectionString: string;
  queueName: string;
  returnTo: QueueOutput | undefined;
}

/** When a timer trigger runs, and the queue that takes what the function returns. */
export interface TimerTrigger {
  bindingName: string;
  schedule: Cron;
  returnTo: QueueOutput | undefined;
}

/**
 * Reads the Event Hubs trigger of a function. Throws an error that names the function and what is missing, or
 * what this host can't do.
 */
export function readEventHubTrigger(
  metadata: FunctionMetadata,
  environment: NodeJS.ProcessEnv,
): EventHubTrigger {
  const { bindingName, binding, resolve, refuse } = findTrigger(metadata, environment, isEventHubTrigger);
  const { cardinality, dataType, eventHubName, consumerGroup, connection } = binding;
  if (cardinality !== 'many' || dataType !== 'binary') {
    throw refuse(
      `this host runs Event Hubs triggers with cardinality "many" and dataType "binary" only, ` +
        `not ${JSON.stringify(cardinality)} and ${JSON.stringify(dataType)}.`,
    );
  }
  return {
    bindingName,
    connectionString: connectionString(resolve('connection', connection), environment, refuse),
    eventHubName: resolve('eventHubName', eventHubName),
    consumerGroup: resolve('consumerGroup', consumerGroup ?? '$Default'),
  };
}

/** Reads the queue trigger of a function, and its output binding; throws in the same way. */
export function readQueueTrigger(metadata: FunctionMetadata, environment: NodeJS.ProcessEnv): QueueTrigger {
  const { bindingName, binding, ...trigger } = findTrigger(metadata, environment, isQueueTrigger);
  const queue = queueOf(binding, environment, trigger);
  return { bindingName, ...queue, returnTo: readReturn(metadata, environment, trigger) };
}

/** Reads the timer trigger of a function, and its output binding; throws in the same way. */
export function readTimerTrigger(metadata: FunctionMetadata, environment: NodeJS.ProcessEnv): TimerTrigger {
  const { bindingName, binding, ...trigger } = findTrigger(metadata, environment, isTimerTrigger);
  if (binding['runOnStartup']) throw trigger.refuse('this host does not know runOnStartup.');
  const text = trigger.resolve('schedule', binding['schedule']);
  try {
    // As NCRONTAB reads it: in UTC, and where both days are given both have to fit.
    const schedule = new Cron(text, { mode: '6-part', domAndDow: true, timezone: 'UTC' });
    return { bindingName, schedule, returnTo: readReturn(metadata, environment, trigger) };
  } catch (error) {
    throw trigger.refuse(`its schedule "${text}" can't be read: ${(error as Error).message}`);
  }
}

/** What the options of a trigger are read with. */
interface OptionReader {
  resolve(option: string, value: unknown): string;
  refuse(problem: string): Error;
}

function queueOf(
  { queueName, connection }: BindingInfo,
  environment: NodeJS.ProcessEnv,
  { resolve, refuse }: OptionReader,
): QueueOutput {
  return {
    connectionString: connectionString(resolve('connection', connection), environment, refuse),
    queueName: resolve('queueName', queueName),
  };
}

function readReturn(
  metadata: FunctionMetadata,
  environment: NodeJS.ProcessEnv,
  reader: OptionReader,
): QueueOutput | undefined {
  const outputs = Object.entries(metadata.bindings).filter(([, { direction }]) => direction === 'out');
  const other = outputs.find(([name, { type }]) => name !== '$return' || type !== 'queue');
  if (other !== undefined) {
    throw reader.refuse(`this host knows a queue as the return value, and not the output ${other[0]}.`);
  }
  const returned = outputs[0]?.[1];
  return returned && queueOf(returned, environment, reader);
}

function findTrigger(
  metadata: FunctionMetadata,
  environment: NodeJS.ProcessEnv,
  isTrigger: (type: string) => boolean,
) {
  const refuse = (problem: string) => new Error(`Function ${metadata.name}: ${problem}`);
  const [bindingName, binding] =
    Object.entries(metadata.bindings).find(([, { type }]) => isTrigger(type)) ?? [];
  if (bindingName === undefined || binding === undefined) throw refuse('it has no trigger of this kind.');
  const resolve = (option: string, value: unknown) => {
    if (typeof value !== 'string' || value === '') throw refuse(`the trigger has no ${option}.`);
    return value.replace(/%([^%]+)%/g, (_match, name: string) => {
      const setting = environment[name];
      if (!setting) throw refuse(`${option} refers to the setting ${name}, which is not set.`);
      return setting;
    });
  };
  return { bindingName, binding, resolve, refuse };
}

/** Whether this type of binding is an Event Hubs trigger. */
export function isEventHubTrigger(type: string): boolean {
  return type.toLowerCase() === 'eventhubtrigger';
}

/** Whether this type of binding is a storage queue trigger. */
export function isQueueTrigger(type: string): boolean {
  return type.toLowerCase() === 'queuetrigger';
}

/** Whether this type of binding is a timer trigger. */
export function isTimerTrigger(type: string): boolean {
  return type.toLowerCase() === 'timertrigger';
}

/** The setting that holds the connection string of a storage account or an Event Hubs namespace. */
export function connectionString(
  name: string,
  environment: NodeJS.ProcessEnv,
  refuse: (problem: string) => Error = Error,
): string {
  const value = environment[name];
  if (value) return value;
  const identity = Object.keys(environment).find((key) => key.startsWith(`${name}__`));
  throw refuse(
    identity
      ? `${identity} asks for an identity-based connection, and there is no identity on this machine: ` +
          `set ${name} to a connection string.`
      : `${name}, the setting with a connection string, is not set.`,
  );
}
