import type { BindingInfo, FunctionMetadata } from './coreTypes.ts';

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
  returnTo: { connectionString: string; queueName: string } | undefined;
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
  const { bindingName, binding, resolve, refuse } = findTrigger(metadata, environment, isQueueTrigger);
  const queueOf = ({ queueName, connection }: BindingInfo) => ({
    connectionString: connectionString(resolve('connection', connection), environment, refuse),
    queueName: resolve('queueName', queueName),
  });
  const outputs = Object.entries(metadata.bindings).filter(([, { direction }]) => direction === 'out');
  const other = outputs.find(([name, { type }]) => name !== '$return' || type !== 'queue');
  if (other !== undefined) {
    throw refuse(`this host knows a queue as the return value, and not the output ${other[0]}.`);
  }
  const returned = outputs[0]?.[1];
  return { bindingName, ...queueOf(binding), returnTo: returned && queueOf(returned) };
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
