import type { BlobClient, ContainerClient } from '@azure/storage-blob';

/** Where the host keeps the state of a consumer group. */
export interface CheckpointPlace {
  readonly connect: () => Promise<ContainerClient>;
  /** Host name of the namespace. */
  readonly namespace: string;
  readonly consumerGroup: string;
}

/** Who holds a partition. */
export interface Ownership {
  /** Empty where nobody does. */
  readonly owner: string;
  /** Seconds since the owner has renewed it, by the clock of the storage. */
  readonly renewedAgo: number;
  readonly etag: string;
}

export interface Checkpoint {
  /** The last number that is done with. */
  readonly sequenceNumber: number;
  /** It was moved by {@link HostCheckpoints.move}, and no host has written one since. */
  readonly wasMoved: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly etag: string;
}

/** Checkpoints or ownerships can't be read or written. The message says where and why. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

/** Of a request with its second try. The time-out of the client's own settings is one that the service keeps, if it answers. */
const ANSWER_WITHIN_MS = 20_000;

/** In the metadata of a checkpoint that was moved; a host writes its own in place of all of it. */
const MOVED = 'moved';

/**
 * Ownerships and checkpoints as the event processors of all languages keep them: a blob without content for each partition,
 * with what counts in its metadata. An owner renews its blob under the condition that nobody has changed it; where that
 * fails, it gives the partition up, and the next one to claim it reads on from the checkpoint.
 */
export class HostCheckpoints {
  readonly #place: CheckpointPlace;
  #container: Promise<ContainerClient> | undefined;

  constructor(place: CheckpointPlace) {
    this.#place = place;
  }

  /** `undefined` where nobody has ever held the partition. */
  async ownership(topic: string, partition: number): Promise<Ownership | undefined> {
    const found = await propertiesOf(await this.#blob('ownership', topic, partition));
    if (found === undefined) return undefined;
    return {
      owner: found.metadata['ownerid'] ?? '',
      renewedAgo: Math.max((found.date - found.lastModified) / 1000, 0),
      etag: found.etag,
    };
  }

  /** `undefined` where the partition has none yet. */
  async checkpoint(topic: string, partition: number): Promise<Checkpoint | undefined> {
    const found = await propertiesOf(await this.#blob('checkpoint', topic, partition));
    if (found === undefined) return undefined;
    const { metadata, etag } = found;
    const sequenceNumber = Number(metadata['sequencenumber']);
    if (!Number.isSafeInteger(sequenceNumber)) {
      throw new CheckpointError(
        `The checkpoint of ${topic}, partition ${partition}, has no sequence number.`,
      );
    }
    return { sequenceNumber, wasMoved: MOVED in metadata, metadata, etag };
  }

  /** Puts a checkpoint in the place of this one, or the first one. Returns false where somebody was faster. */
  async move(
    topic: string,
    partition: number,
    before: Checkpoint | undefined,
    position: { readonly sequenceNumber: number; readonly offset: string },
  ): Promise<boolean> {
    const blob = (await this.#blob('checkpoint', topic, partition)).getBlockBlobClient();
    const metadata = {
      ...before?.metadata,
      [MOVED]: 'true',
      sequencenumber: String(position.sequenceNumber),
      offset: position.offset,
    };
    return ifUnchanged(blob, (abortSignal) =>
      before === undefined
        ? blob.upload('', 0, { abortSignal, metadata, conditions: { ifNoneMatch: '*' } })
        : blob.setMetadata(metadata, { abortSignal, conditions: { ifMatch: before.etag } }),
    );
  }

  /** Deletes this checkpoint: the partition is read from its beginning. Returns false where it was changed meanwhile. */
  async forget(topic: string, partition: number, { etag }: Checkpoint): Promise<boolean> {
    const blob = await this.#blob('checkpoint', topic, partition);
    return ifUnchanged(blob, (abortSignal) => blob.delete({ abortSignal, conditions: { ifMatch: etag } }));
  }

  /** Takes the partition from its owner. Returns false where the owner has renewed it meanwhile. */
  async release(topic: string, partition: number, { etag }: Ownership): Promise<boolean> {
    const blob = await this.#blob('ownership', topic, partition);
    return ifUnchanged(blob, (abortSignal) =>
      blob.setMetadata({ ownerid: '' }, { abortSignal, conditions: { ifMatch: etag } }),
    );
  }

  async #blob(kind: 'ownership' | 'checkpoint', topic: string, partition: number): Promise<BlobClient> {
    const { connect, namespace, consumerGroup } = this.#place;
    this.#container ??= connect();
    const folder = [namespace, topic, consumerGroup].map((name) => name.toLowerCase()).join('/');
    return (await this.#container).getBlobClient(`${folder}/${kind}/${partition}`);
  }
}

async function propertiesOf(blob: BlobClient) {
  try {
    const {
      metadata = {},
      etag = '',
      lastModified = new Date(),
      date,
    } = await blob.getProperties({
      abortSignal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    return { metadata, etag, lastModified: lastModified.getTime(), date: (date ?? lastModified).getTime() };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw unusable(blob, error);
  }
}

async function ifUnchanged(
  blob: BlobClient,
  write: (abortSignal: AbortSignal) => Promise<unknown>,
): Promise<boolean> {
  try {
    await write(AbortSignal.timeout(ANSWER_WITHIN_MS));
    return true;
  } catch (error) {
    // 409: the first checkpoint is there by now.
    if (statusOf(error) === 412 || statusOf(error) === 409 || codeOf(error) === 'BlobNotFound') return false;
    throw unusable(blob, error);
  }
}

function unusable(blob: BlobClient, cause: unknown): CheckpointError {
  const { host } = new URL(blob.url);
  return new CheckpointError(
    `The checkpoints at ${host} can't be used (${codeOf(cause) ?? statusOf(cause) ?? (cause as Error).name}). Is ` +
      'AzureWebJobsStorage right, does the network let us through, and may this login write blobs (role Storage Blob Data Owner)?',
  );
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}

function statusOf(error: unknown): unknown {
  return (error as { statusCode?: unknown } | null)?.statusCode;
}
