import type { BlobLeaseClient, ContainerClient } from '@azure/storage-blob';

const LEASE_SECONDS = 15;
const RENEW_AFTER_MS = 5_000;

/** Makes a function run on one host at a time: a leased blob, as the real host has it. A host that dies loses it. */
export class SingletonLock {
  readonly #container: ContainerClient;
  readonly #blobName: string;
  #lease: BlobLeaseClient | undefined;
  #heldUntil = 0;

  constructor(container: ContainerClient, functionName: string) {
    this.#container = container;
    this.#blobName = `locks/local/Host.Functions.${functionName}.Listener`;
  }

  /** Whether this host holds the lock now; it takes it where nobody does. */
  async hold(): Promise<boolean> {
    const now = Date.now();
    if (now < this.#heldUntil - (LEASE_SECONDS * 1000 - RENEW_AFTER_MS)) return true;
    try {
      await (this.#lease === undefined ? this.#acquire() : this.#lease.renewLease());
      this.#heldUntil = now + LEASE_SECONDS * 1000;
      return true;
    } catch (error) {
      const { code } = error as { code?: string };
      // Anything else, such as a storage that is away, does not take the lease away before it ends.
      if (code === 'LeaseAlreadyPresent' || code?.startsWith('LeaseId') || code?.startsWith('LeaseLost')) {
        this.#lease = undefined;
        this.#heldUntil = 0;
      }
      return Date.now() < this.#heldUntil;
    }
  }

  async release(): Promise<void> {
    await this.#lease?.releaseLease().catch(() => {});
    this.#lease = undefined;
    this.#heldUntil = 0;
  }

  async #acquire(): Promise<void> {
    const blob = this.#container.getBlockBlobClient(this.#blobName);
    await blob.upload('', 0, { conditions: { ifNoneMatch: '*' } }).catch(() => {});
    const lease = blob.getBlobLeaseClient();
    await lease.acquireLease(LEASE_SECONDS);
    this.#lease = lease;
  }
}
