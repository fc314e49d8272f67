import type pg from 'pg';
import { type Attempt, recordAttempt } from '../store/checkpoints/recordAttempt.ts';
import { DatabaseRefusesRows } from '../store/databaseRefusesRows.ts';
import { failureKind } from '../store/sqlstates.ts';

/** A batch takes milliseconds. One that takes this long waits for something, and must not look as if nobody had it. */
const SLOW_AFTER_MS = 15_000;
/** Where the mark can't be written, PostgreSQL is away: it has to be there when the timer can read it again. */
const AGAIN_AFTER_MS = 1_000;

/**
 * Tells the timer which partitions' functions are called and do not get on (SPEC 7), so that an outage is never taken for an
 * event that the host can't hand over. Best effort: nothing waits for a mark, and nothing fails because of one.
 */
export class AttemptMarks {
  readonly #database: pg.Pool;
  readonly #pending = new Map<string, Attempt>();
  #isWriting = false;

  /** @param database not the pool of the batches: where they hang, they have all of its connections. */
  constructor(database: pg.Pool) {
    this.#database = database;
  }

  /** Runs the work of a batch, and leaves a mark where it fails or takes long. */
  async during<R>(topic: string, partition: number, work: () => Promise<R>): Promise<R> {
    const slow = setInterval(() => this.#leave({ topic, partition, kind: 'slow' }), SLOW_AFTER_MS);
    slow.unref();
    try {
      const result = await work();
      this.#pending.delete(`${topic}/${partition}`);
      return result;
    } catch (error) {
      this.#failed(topic, partition, error);
      throw error;
    } finally {
      clearInterval(slow);
    }
  }

  /** Reads a batch, and leaves a mark where it can't be read: its host has handed it over. */
  reading<R>(topic: string, partition: number | undefined, read: () => R): R {
    try {
      return read();
    } catch (error) {
      if (partition !== undefined) this.#failed(topic, partition, error);
      throw error;
    }
  }

  #failed(topic: string, partition: number, error: unknown): void {
    const kind = error instanceof DatabaseRefusesRows ? 'refused' : failureKind(error);
    this.#leave({ topic, partition, kind });
  }

  #leave(attempt: Attempt): void {
    this.#pending.set(`${attempt.topic}/${attempt.partition}`, attempt);
    if (!this.#isWriting) void this.#write();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    for (const [key, attempt] of this.#pending) {
      const written = await recordAttempt(this.#database, attempt).then(
        () => true,
        () => false,
      );
      if (written && this.#pending.get(key) === attempt) this.#pending.delete(key);
      // The rest waits for the same.
      if (!written) break;
    }
    this.#isWriting = false;
    if (this.#pending.size > 0) setTimeout(() => this.#retry(), AGAIN_AFTER_MS).unref();
  }

  #retry(): void {
    if (!this.#isWriting && this.#pending.size > 0) void this.#write();
  }
}
