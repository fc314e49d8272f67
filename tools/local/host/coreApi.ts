import Module from 'node:module';
import type { FunctionCallback, FunctionMetadata, HookCallback, ProgrammingModel } from './coreTypes.ts';
import type { Log, LogLevel } from './log.ts';

/** A function that the app registered. */
export interface Registration {
  metadata: FunctionMetadata;
  callback: FunctionCallback;
}

const HOOK_NAMES = ['appStart', 'appTerminate', 'preInvocation', 'postInvocation'] as const;
export type HookName = (typeof HOOK_NAMES)[number];

/** Everything that the app registered while it was loaded. */
export interface App {
  readonly functions: Registration[];
  readonly hooks: Record<HookName, HookCallback[]>;
  /** Shared by the hooks of app start and end, and seen by no other. */
  readonly appHookData: Record<string, unknown>;
  model: ProgrammingModel | undefined;
  /** From here on registering a function throws, as in the real worker. */
  loaded: boolean;
}

const FUNCTION_NAME = /^[a-z][a-z0-9_-]{0,127}$/i;

/**
 * Supplies `@azure/functions-core`, the module that `@azure/functions` asks for at the first `app.*` call and that
 * only exists inside a host; what the app registers through it is collected in the result.
 */
export function supplyCoreApi(log: Log): App {
  const app: App = {
    functions: [],
    hooks: { appStart: [], appTerminate: [], preInvocation: [], postInvocation: [] },
    appHookData: {},
    model: undefined,
    loaded: false,
  };
  const coreApi = {
    registerFunction: (metadata: FunctionMetadata, callback: FunctionCallback) =>
      registerFunction(app, metadata, callback),
    registerHook: (name: string, callback: HookCallback) => registerHook(app, name, callback),
    setProgrammingModel: (model: ProgrammingModel) => {
      app.model = model;
    },
    log: (level: LogLevel, category: string, message: string) => log(level, `Worker.${category}`, message),
  };
  const prototype = Module.prototype as { require(this: NodeJS.Module, id: string): unknown };
  const originalRequire = prototype.require;
  prototype.require = function require(id) {
    return id === '@azure/functions-core' ? coreApi : originalRequire.call(this, id);
  };
  return app;
}

function registerFunction(app: App, metadata: FunctionMetadata, callback: FunctionCallback): Disposable {
  const { name } = metadata;
  if (app.loaded) throw new Error('A function can only be registered during app startup.');
  if (!FUNCTION_NAME.test(name) || name.toLowerCase() === 'host') {
    throw new Error(`"${name}" is no valid function name.`);
  }
  if (app.functions.some((other) => other.metadata.name.toLowerCase() === name.toLowerCase())) {
    throw new Error(`A function with name "${name}" has already been registered.`);
  }
  const registration = { metadata, callback };
  app.functions.push(registration);
  return disposable(() => remove(app.functions, registration));
}

function registerHook(app: App, name: string, callback: HookCallback): Disposable {
  const hookName = HOOK_NAMES.find((known) => known === name);
  if (!hookName) throw new RangeError(`This host has no hook "${name}".`);
  app.hooks[hookName].push(callback);
  return disposable(() => remove(app.hooks[hookName], callback));
}

interface Disposable {
  dispose(): void;
}

function disposable(dispose: () => void): Disposable {
  return { dispose };
}

function remove<T>(list: T[], item: T): void {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
}
