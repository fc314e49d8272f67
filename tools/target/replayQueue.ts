import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { QueueClient } from '@azure/storage-queue';
import { InvalidReplayRequest, parseReplayRequest, REPLAY_QUEUE } from '../../shared/replay/request.ts';
import { identityCredential } from '../../shared/settings/identityCredential.ts';
import type { StorageSettings } from '../../shared/settings/storageConnection.ts';
import type { ReplayResult } from '../../shared/store/replay/finishReplay.ts';
import { readReplay } from '../../shared/store/replay/readReplay.ts';
import { Complaint } from '../terminal/exit.ts';
import { QueueError } from './queueError.ts';
import { ANSWERS_WITHIN_MS, type Target } from './target.ts';

const POLL_MS = 500;
/** A function that nobody runs never answers; the request itself waits in the queue. */
const NOT_BEGUN_AFTER_MS = 120_000;
/** A page takes seconds; a host that died is replaced, and the message comes back, within ten minutes. */
const STANDS_STILL_AFTER_MS = 15 * 60_000;

/** Somebody waits: what is wrong is said after seconds. */
const QUEUE_OPTIONS = { retryOptions: { maxTries: 2, retryDelayInMs: 300 } };

/** Puts a request into the queue of `dlqReplay`; returns the id under which its result is read. */
export async function askForReplay({ settings }: Target, request: object): Promise<string> {
  const message = { ...request, request_id: randomUUID() };
  try {
    parseReplayRequest(message);
  } catch (error) {
    if (error instanceof InvalidReplayRequest) throw new Complaint(error.message);
    throw error;
  }
  const queue = await queueOf(settings.storage, REPLAY_QUEUE);
  try {
    // A time-out among the options is one that the service keeps, if it answers.
    const abortSignal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
    await queue.createIfNotExists({ abortSignal });
    await queue.sendMessage(Buffer.from(JSON.stringify(message)).toString('base64'), { abortSignal });
  } catch (error) {
    throw new QueueError(queue, error);
  }
  return message.request_id;
}

/** The result of a request that is done; `undefined` where Ctrl-C came first. */
export async function waitForReplay(
  { database }: Target,
  requestId: string,
  stopped: AbortSignal,
  progress: (result: ReplayResult) => void,
): Promise<ReplayResult | undefined> {
  const askedAt = performance.now();
  while (!stopped.aborted) {
    const found = await readReplay(database, requestId);
    if (found?.status === 'done') return resultOf(found);
    if (found !== undefined) {
      progress(found);
      if (found.idle_ms > STANDS_STILL_AFTER_MS) {
        throw new Complaint(
          `The request has not moved for ${STANDS_STILL_AFTER_MS / 60_000} minutes. Look at the log of dlqReplay and at the ` +
            `queue ${REPLAY_QUEUE}-poison; then ask again.`,
        );
      }
    } else if (performance.now() - askedAt > NOT_BEGUN_AFTER_MS) {
      throw new Complaint(
        `The function dlqReplay has not begun in ${NOT_BEGUN_AFTER_MS / 1000} s. Is it running? The request stays in the ` +
          `queue; read its result later with: replay result ${requestId}`,
      );
    }
    await delay(POLL_MS, undefined, { signal: stopped }).catch(() => undefined);
  }
  return undefined;
}

export function resultOf({ examined, resolved, rejected, exhausted, lost }: ReplayResult): ReplayResult {
  return { examined, resolved, rejected, exhausted, lost };
}

/**
 * How many messages a queue of the account holds, about; `undefined` where it is not there.
 * @throws QueueError
 */
export async function waitingMessages(
  storage: StorageSettings | undefined,
  name: string,
): Promise<number | undefined> {
  const queue = await queueOf(storage, name);
  try {
    return (await queue.getProperties({ abortSignal: AbortSignal.timeout(ANSWERS_WITHIN_MS) }))
      .approximateMessagesCount;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw new QueueError(queue, error);
  }
}

/**
 * A queue of the Function App's account: by connection string, or by the identity of this machine
 * or user.
 * @throws Complaint where the settings do not say where it is.
 */
async function queueOf(storage: StorageSettings | undefined, name: string): Promise<QueueClient> {
  if (storage === undefined) {
    throw new Complaint(
      'AzureWebJobsStorage is missing: the request goes through its queue. Set it to the connection string, or ' +
        'AzureWebJobsStorage__accountName to the name of the storage account, of the Function App.',
    );
  }
  const { QueueClient } = await import('@azure/storage-queue');
  if ('connectionString' in storage) return new QueueClient(storage.connectionString, name, QUEUE_OPTIONS);
  return new QueueClient(
    `${storage.queueServiceUri}/${name}`,
    await identityCredential(undefined),
    QUEUE_OPTIONS,
  );
}
