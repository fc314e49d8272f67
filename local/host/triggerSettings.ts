import type { FunctionMetadata } from './coreTypes.ts';

/** What an Event Hubs trigger listens to, with all settings resolved. */
export interface EventHubTrigger {
  bindingName: string;
  connectionString: string;
  eventHubName: string;
  consumerGroup: string;
}

/**
 * Reads the Event Hubs trigger of a function. Throws an error that names the function and what is missing, or
 * what this host can't do.
 */
export function readEventHubTrigger(
  metadata: FunctionMetadata,
  environment: NodeJS.ProcessEnv,
): EventHubTrigger {
  const refuse = (problem: string) => new Error(`Function ${metadata.name}: ${problem}`);
  const [bindingName, binding] =
    Object.entries(metadata.bindings).find(([, { type }]) => isEventHubTrigger(type)) ?? [];
  if (bindingName === undefined || binding === undefined) throw refuse('it has no Event Hubs trigger.');
  const { cardinality, dataType, eventHubName, consumerGroup, connection } = binding;
  if (cardinality !== 'many' || dataType !== 'binary') {
    throw refuse(
      `this host runs Event Hubs triggers with cardinality "many" and dataType "binary" only, ` +
        `not ${JSON.stringify(cardinality)} and ${JSON.stringify(dataType)}.`,
    );
  }
  const resolve = (option: string, value: unknown) => {
    if (typeof value !== 'string' || value === '') throw refuse(`the trigger has no ${option}.`);
    return value.replace(/%([^%]+)%/g, (_match, name: string) => {
      const setting = environment[name];
      if (!setting) throw refuse(`${option} refers to the setting ${name}, which is not set.`);
      return setting;
    });
  };
  return {
    bindingName,
    connectionString: connectionString(resolve('connection', connection), environment, refuse),
    eventHubName: resolve('eventHubName', eventHubName),
    consumerGroup: resolve('consumerGroup', consumerGroup ?? '$Default'),
  };
}

/** Whether this type of binding is an Event Hubs trigger. */
export function isEventHubTrigger(type: string): boolean {
  return type.toLowerCase() === 'eventhubtrigger';
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
