// What `@azure/functions` and the process that hosts it say to each other, as far as this host needs it. The names
// are those of `@azure/functions-core`, which exists only inside the real worker and has no package of its own.
import type { LogLevel } from './log.ts';

/** A value on its way to a function; the library takes the one member that is set. */
export type TypedData =
  | { json: string }
  | { string: string }
  | { collectionBytes: { bytes: Uint8Array[] } }
  | { collectionString: { string: string[] } }
  | { collectionSint64: { sint64: number[] } };

/** A trigger or binding as the app wrote it, with its type. */
export interface BindingInfo {
  type: string;
  direction: string;
  [option: string]: unknown;
}

/** A duration in whole seconds: the library has rounded it. */
export interface Duration {
  seconds: number;
}

/** A retry policy as the library hands it over. */
export interface RetryOptions {
  retryStrategy: string;
  maxRetryCount: number;
  delayInterval?: Duration | undefined;
  minimumInterval?: Duration | undefined;
  maximumInterval?: Duration | undefined;
}

/** What the app registered under a name. */
export interface FunctionMetadata {
  name: string;
  bindings: Record<string, BindingInfo>;
  retryOptions?: RetryOptions | undefined;
}

/** What the handler sees as `context.retryContext`. */
export interface RetryContext {
  retryCount: number;
  maxRetryCount: number;
  exception?: { message: string; source: string; stackTrace: string };
}

/** One attempt to run a function, as the real host sends it. */
export interface InvocationRequest {
  invocationId: string;
  functionId: string;
  inputData: { name: string; data: TypedData }[];
  triggerMetadata: Record<string, TypedData>;
  retryContext?: RetryContext;
  traceContext: { traceParent: string; traceState: string; attributes: Record<string, string> };
}

/** What an attempt hands back: the value that it returned, and those of its output bindings by name. */
export interface InvocationResponse {
  returnValue?: OutputData | null | undefined;
  outputData?: { name: string; data: OutputData }[];
}

/** A value that a function hands back; one member is set. */
export interface OutputData {
  json?: string;
  string?: string;
}

export type FunctionCallback = (...inputs: unknown[]) => unknown;

/** The surroundings that the library runs one attempt in. */
export interface CoreInvocationContext {
  invocationId: string;
  request: InvocationRequest;
  metadata: FunctionMetadata;
  state: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks' | undefined;
  log(level: LogLevel, category: string, message: string): void;
}

/** The library's side of one attempt. */
export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<InvocationResponse>;
}

/** The library itself. */
export interface ProgrammingModel {
  name: string;
  version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
  getCapabilities(defaults: Record<string, string>): Promise<Record<string, string>>;
}

export type HookCallback = (context: Record<string, unknown>) => unknown;
