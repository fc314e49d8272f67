import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { EXPIRES_AFTER_SECONDS } from '../../../shared/metrics/holders.ts';
import { MOST_IN_A_BATCH } from '../../../shared/metrics/standing.ts';
import { type Finding, ok, type SayFinding, wrong } from './check.ts';

const hostSchema = z.looseObject({
  extensions: z.looseObject({
    eventHubs: z.looseObject({
      maxEventBatchSize: z.literal(MOST_IN_A_BATCH),
      // An instance has 2 GB: what waits of one partition must not take it, whatever its events weigh.
      prefetchSizeInBytes: z
        .int()
        .positive()
        .max(64 * 1024 * 1024),
      batchCheckpointFrequency: z.literal(1),
      initialOffsetOptions: z.looseObject({ type: z.literal('fromStart') }),
      partitionOwnershipExpirationInterval: z.literal(`00:00:${EXPIRES_AFTER_SECONDS}`),
    }),
    queues: z.looseObject({ messageEncoding: z.literal('base64') }),
  }),
});

/** What the code relies on in host.json, and that no setting of the environment overrides it. */
export async function checkHostSettings(
  file: string,
  environment: NodeJS.ProcessEnv,
  say: SayFinding,
): Promise<Finding[]> {
  const part = 'host settings';
  const overrides = Object.keys(environment).filter((name) => name.startsWith('AzureFunctionsJobHost__'));
  if (overrides.length > 0) {
    return [wrong(part, say('hostOverridden', { names: overrides.join(', ') }), say('hostOverriddenTodo'))];
  }
  let text: unknown;
  try {
    text = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    return [
      wrong(
        part,
        say('hostUnread', { code: (error as NodeJS.ErrnoException).code ?? 'no JSON' }),
        say('hostUnreadTodo'),
      ),
    ];
  }
  const result = hostSchema.safeParse(text);
  if (result.success) return [ok(part, say('hostRight'))];
  const names = result.error.issues.map(({ path }) => path.join('.'));
  return [wrong(part, say('hostWrong', { names: names.join(', ') }), say('hostWrongTodo'))];
}
