import { QueueClient } from '@azure/storage-queue';
import type { OutputData } from './coreTypes.ts';

/** A queue that takes what a function returns. */
export interface QueueOutput {
  readonly connectionString: string;
  readonly queueName: string;
}

/** Puts what a function returned into its queue: an array is a message for each element, as in the real host. */
export async function sendReturned(
  { connectionString, queueName }: QueueOutput,
  returned: OutputData | null | undefined,
): Promise<void> {
  const texts = messagesOf(returned);
  if (texts.length === 0) return;
  const queue = new QueueClient(connectionString, queueName);
  for (const text of texts) await sendText(queue, text);
}

export async function sendText(queue: QueueClient, text: string): Promise<void> {
  await queue.createIfNotExists();
  await queue.sendMessage(Buffer.from(text).toString('base64'));
}

function messagesOf(returned: OutputData | null | undefined): string[] {
  if (returned?.json === undefined) return returned?.string === undefined ? [] : [returned.string];
  const value: unknown = JSON.parse(returned.json);
  if (!Array.isArray(value)) return [returned.json];
  return value.map((element) => (typeof element === 'string' ? element : JSON.stringify(element)));
}
