import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { EXPIRES_AFTER_SECONDS } from '../../../shared/metrics/holders.ts';
import { MOST_IN_A_BATCH } from '../../../shared/metrics/standing.ts';
import { KeyError } from '../../../shared/privacy/keyError.ts';
import { REPLAY_QUEUE } from '../../../shared/replay/request.ts';
import type { OperatorSettings } from '../../../shared/settings/settings.ts';
import { QueueError } from '../../target/queueError.ts';
import { waitingMessages } from '../../target/replayQueue.ts';
import { Complaint } from '../../terminal/exit.ts';
import { type Finding, ok, wrong } from './check.ts';

/** The queue of replays, and where its messages end that are no valid request. */
export async function checkQueue({ storage }: OperatorSettings): Promise<Finding[]> {
  try {
    const [waiting, poisoned] = await Promise.all([
      waitingMessages(storage, REPLAY_QUEUE),
      waitingMessages(storage, `${REPLAY_QUEUE}-poison`),
    ]);
    const says = waiting === undefined ? 'is made by the first request' : `${waiting} requests wait`;
    if ((poisoned ?? 0) === 0) return [ok('queue', `${REPLAY_QUEUE} ${says}`)];
    return [
      wrong(
        'queue',
        `${poisoned} messages in ${REPLAY_QUEUE}-poison: they were no valid request`,
        'Look at them, and delete them.',
      ),
    ];
  } catch (error) {
    if (!(error instanceof QueueError || error instanceof Complaint)) throw error;
    return [wrong('queue', error.message, 'Mend what it says.')];
  }
}

/** The keys of user ids and dead letters. */
export async function checkKeys({ privacy }: OperatorSettings): Promise<Finding[]> {
  try {
    const mode = await privacy.ready().then(() => privacy.malformedVersions());
    const malformed = mode.filter(({ versions }) => versions > 0);
    if (malformed.length === 0)
      return [ok('keys', mode.length === 0 ? 'none is needed (USER_ID_MODE=plain)' : 'read from Key Vault')];
    const names = malformed.map(({ secret }) => secret).join(', ');
    return [
      wrong(
        'keys',
        `the newest version of ${names} is no key`,
        'docs/runbooks/alerts/key-version-malformed.md',
      ),
    ];
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    return [wrong('keys', error.message, 'Mend what it says.')];
  }
}

const hostSchema = z.looseObject({
  extensions: z.looseObject({
    eventHubs: z.looseObject({
      maxEventBatchSize: z.literal(MOST_IN_A_BATCH),
      batchCheckpointFrequency: z.literal(1),
      initialOffsetOptions: z.looseObject({ type: z.literal('fromStart') }),
      partitionOwnershipExpirationInterval: z.literal(`00:00:${EXPIRES_AFTER_SECONDS}`),
    }),
    queues: z.looseObject({ messageEncoding: z.literal('base64') }),
  }),
});

/** What the code relies on in host.json, and that no setting of the environment overrides it. */
export async function checkHostSettings(file: string, environment: NodeJS.ProcessEnv): Promise<Finding[]> {
  const part = 'host settings';
  const overrides = Object.keys(environment).filter((name) => name.startsWith('AzureFunctionsJobHost__'));
  if (overrides.length > 0) {
    return [
      wrong(
        part,
        `${overrides.join(', ')} override host.json`,
        'Leave them out: the code relies on host.json.',
      ),
    ];
  }
  let text: unknown;
  try {
    text = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    return [
      wrong(
        part,
        `host.json can't be read (${(error as NodeJS.ErrnoException).code ?? 'no JSON'})`,
        'Restore the file of the release.',
      ),
    ];
  }
  const result = hostSchema.safeParse(text);
  if (result.success) return [ok(part, 'host.json has what the code relies on')];
  const names = result.error.issues.map(({ path }) => path.join('.'));
  return [
    wrong(
      part,
      `host.json: ${names.join(', ')}`,
      'docs/architecture.md, host.json, says what each has to be.',
    ),
  ];
}
