import type { App, Registration } from './coreApi.ts';
import type {
  CoreInvocationContext,
  FunctionCallback,
  HookCallback,
  InvocationRequest,
  InvocationResponse,
} from './coreTypes.ts';
import type { Log } from './log.ts';

/** How an attempt to run a function ended. */
export type InvocationResult = { ok: true; response: InvocationResponse } | { ok: false; error: Error };

/** What hooks before and after an invocation see; they may replace all of it but the invocation context. */
interface HookContext extends Record<string, unknown> {
  hookData: Record<string, unknown>;
  invocationContext: unknown;
  inputs: unknown[];
}

/** Runs a function once: hooks, handler, hooks, and the conversion of its result, in the order of the real worker. */
export async function invoke(
  app: App,
  { metadata, callback }: Registration,
  request: InvocationRequest,
  log: Log,
): Promise<InvocationResult> {
  const { invocationId } = request;
  const core: CoreInvocationContext = {
    invocationId,
    request,
    metadata,
    state: undefined,
    log: (level, category, message) => {
      const source = category === 'user' ? 'User' : 'Worker';
      log(level, `Function.${metadata.name}.${source}`, message, invocationId);
    },
  };
  try {
    if (!app.model) throw new Error('No function was registered through @azure/functions.');
    const model = app.model.getInvocationModel(core);
    const { context, inputs } = await model.getArguments();
    const hookData = {};

    core.state = 'preInvocationHooks';
    const before = { hookData, invocationContext: context, inputs, functionCallback: callback };
    await runHooks(app.hooks.preInvocation, before);

    core.state = 'invocation';
    const after: HookContext & { result: unknown; error: unknown } = {
      hookData,
      invocationContext: context,
      inputs: before.inputs,
      result: null,
      error: null,
    };
    try {
      after.result = await model.invokeFunction(
        context,
        before.inputs,
        before.functionCallback as FunctionCallback,
      );
    } catch (error) {
      after.error = error;
    }

    core.state = 'postInvocationHooks';
    await runHooks(app.hooks.postInvocation, after);
    // Not a check for `instanceof Error`: the real worker takes `throw undefined` for a success, and so does this.
    if (after.error !== undefined && after.error !== null) throw after.error;
    return { ok: true, response: await model.getResponse(context, after.result) };
  } catch (error) {
    return { ok: false, error: asError(error) };
  }
}

/** Runs hooks one after the other, in the order of their registration. */
export async function runHooks(
  hooks: readonly HookCallback[],
  context: Record<string, unknown>,
): Promise<void> {
  for (const hook of hooks) await hook(context);
}

function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error(typeof thrown === 'string' ? thrown : JSON.stringify(thrown));
}
