import type { QueueClient } from '@azure/storage-queue';

/** The queue did not take a request, or can't be read. */
export class QueueError extends Error {
  override readonly name = 'QueueError';
  constructor(queue: QueueClient, cause: unknown) {
    const { name, code, statusCode } = cause as { name?: string; code?: string; statusCode?: number };
    const reason = name === 'AbortError' ? 'it did not answer in time' : (code ?? statusCode ?? name);
    const { host } = new URL(queue.url);
    super(
      `The queue ${queue.name} at ${host} did not take the request (${reason}). Is AzureWebJobsStorage right, does the network let ` +
        'us through, and may this login write to the queue (role Storage Queue Data Contributor)?',
    );
  }
}
