import type { Checkpoint, CheckpointStore, PartitionOwnership } from '@azure/event-hubs';

/**
 * A checkpoint store that remembers which partitions this host owns. The client's load balancer lists and claims
 * ownerships through it all the time, but tells nobody when another host has taken a partition while an invocation
 * was running; here that aborts the partition's lease.
 */
export class OwnershipWatch implements CheckpointStore {
  readonly #store: CheckpointStore;
  readonly #ownerId: string;
  readonly #leases = new Map<string, AbortController>();
  #stopping = false;

  constructor(store: CheckpointStore, ownerId: string) {
    this.#store = store;
    this.#ownerId = ownerId;
  }

  /** Aborted when the partition is no longer this host's; at once if it isn't now. */
  lease(partitionId: string): AbortSignal {
    return this.#leases.get(partitionId)?.signal ?? AbortSignal.abort();
  }

  /**
   * Tells that this host no longer reads the partition. The client renews only what it reads, so it would be nobody's
   * until the ownership expires: it is shown to the load balancer as free instead.
   */
  giveUp(partitionId: string): void {
    this.#leases.get(partitionId)?.abort();
    this.#leases.delete(partitionId);
  }

  /** From here on ownerships are shown as they are, so that the client finds its own and releases them. */
  stop(): void {
    this.#stopping = true;
  }

  async listOwnership(...query: Parameters<CheckpointStore['listOwnership']>): Promise<PartitionOwnership[]> {
    const ownerships = await this.#store.listOwnership(...query);
    for (const { partitionId, ownerId } of ownerships) {
      if (ownerId !== this.#ownerId) this.giveUp(partitionId);
    }
    if (this.#stopping) return ownerships;
    return ownerships.map((ownership) => {
      const isUnread = ownership.ownerId === this.#ownerId && !this.#leases.has(ownership.partitionId);
      return isUnread ? { ...ownership, ownerId: '' } : ownership;
    });
  }

  async claimOwnership(...[requests, options]: Parameters<CheckpointStore['claimOwnership']>) {
    const claimed = await this.#store.claimOwnership(requests, options);
    const mine = claimed
      .filter(({ ownerId }) => ownerId === this.#ownerId)
      .map(({ partitionId }) => partitionId);
    for (const { partitionId } of requests) {
      if (!mine.includes(partitionId)) this.giveUp(partitionId);
      else if (!this.#leases.has(partitionId)) this.#leases.set(partitionId, new AbortController());
    }
    return claimed;
  }

  updateCheckpoint(...[checkpoint, options]: Parameters<CheckpointStore['updateCheckpoint']>): Promise<void> {
    return this.#store.updateCheckpoint(checkpoint, options);
  }

  listCheckpoints(...query: Parameters<CheckpointStore['listCheckpoints']>): Promise<Checkpoint[]> {
    return this.#store.listCheckpoints(...query);
  }
}
