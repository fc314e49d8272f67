/**
 * The durable, append-only log of one partition.
 *
 * Accepted events survive a SIGKILL of the process, because the page cache belongs to the kernel. A power loss is
 * out of scope for a development tool, so nothing here waits for the disk.
 *
 * File access is synchronous on purpose: it goes to the page cache, takes microseconds, and spares every reader
 * and writer the states in between.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { buildDelivery, type IncomingEvent, type Placement } from './eventBytes.ts';
import { EventIndex } from './eventIndex.ts';
import { encodeRecord, RECORD_HEADER_SIZE, scanRecords } from './recordFile.ts';

/** Called once the events are in the file, with the first one's place, or with the reason why they are not. */
export type Committed = (error: Error | undefined, first: Placement | undefined) => void;

interface PendingAppend {
  events: IncomingEvent[];
  committed: Committed;
}

export class PartitionLog {
  readonly #file: number;
  readonly #index = new EventIndex();
  readonly #listeners = new Set<() => void>();
  #size: number;
  #pending: PendingAppend[] = [];
  #closed = false;
  #beginSequenceNumber = 0;

  /** Opens or creates the log and cuts off an unfinished write. Throws when the file is damaged. */
  constructor(path: string) {
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
    try {
      this.#size = scanRecords(this.#file, path, (record) =>
        this.#index.push(record.position, record.enqueuedTime),
      );
      const unfinished = fstatSync(this.#file).size - this.#size;
      if (unfinished > 0) {
        console.warn(`${path}: removed ${unfinished} bytes of a write that was never acknowledged`);
        ftruncateSync(this.#file, this.#size);
      }
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
  }

  /** The sequence number that the next event will get. A number is the row of its event in the index. */
  get nextSequenceNumber(): number {
    return this.#index.length;
  }

  /** Sequence number of the oldest event that is delivered: 0, or where {@link expire} has put it. */
  get beginSequenceNumber(): number {
    return this.#beginSequenceNumber;
  }

  /** Delivers no event below this number any more, as if the retention had passed. They stay in the file. */
  expire(before: number): void {
    this.#beginSequenceNumber = Math.min(
      Math.max(before, this.#beginSequenceNumber),
      this.nextSequenceNumber,
    );
  }

  /** The last event's place, or undefined when the partition is empty. */
  get last(): Placement | undefined {
    return this.#index.length === 0 ? undefined : this.placement(this.nextSequenceNumber - 1);
  }

  /** The place of an event that exists. */
  placement(sequenceNumber: number): Placement {
    const [offset, enqueuedTime] = [this.#index.position(sequenceNumber), this.#index.time(sequenceNumber)];
    return { sequenceNumber, offset, enqueuedTime };
  }

  /** Sequence number of the first event with an offset above the given one, or the next to come. */
  firstAboveOffset(offset: number): number {
    return Math.max(this.#beginSequenceNumber, this.#index.firstAbovePosition(offset));
  }

  /** Sequence number of the first event enqueued after the given time (ms), or the next to come. */
  firstAfterTime(time: number): number {
    return Math.max(this.#beginSequenceNumber, this.#index.firstAfterTime(time));
  }

  /** Appends events in their order. All appends of one turn of the event loop are committed by one write. */
  append(events: IncomingEvent[], committed: Committed): void {
    // The number of a closed file may already belong to another one.
    if (this.#closed) {
      committed(new Error('the partition log is closed'), undefined);
      return;
    }
    this.#pending.push({ events, committed });
    if (this.#pending.length === 1) setImmediate(() => this.#commit());
  }

  /**
   * Stored messages from a sequence number on: at most `maxCount`, and about `maxBytes`, but at least one if there
   * is one.
   */
  read(first: number, maxCount: number, maxBytes: number): Buffer[] {
    const start = this.#position(first);
    const last = Math.min(first + maxCount, this.#index.length);
    let end = first;
    while (end < last && (end === first || this.#position(end + 1) - start <= maxBytes)) end++;

    const bytes = Buffer.allocUnsafe(this.#position(end) - start);
    readFully(this.#file, bytes, start);
    const messages: Buffer[] = [];
    for (let row = first; row < end; row++) {
      messages.push(
        bytes.subarray(this.#position(row) - start + RECORD_HEADER_SIZE, this.#position(row + 1) - start),
      );
    }
    return messages;
  }

  /** Calls the listener after every commit, until the returned function is called. */
  onCommit(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Commits what is waiting and closes the file. */
  close(): void {
    this.#commit();
    this.#closed = true;
    closeSync(this.#file);
  }

  /** Position of a row; the row after the last one begins at the end of the file. */
  #position(row: number): number {
    return row === this.#index.length ? this.#size : this.#index.position(row);
  }

  #commit(): void {
    const appends = this.#pending;
    if (appends.length === 0) return;
    this.#pending = [];
    const first = this.nextSequenceNumber;
    let failure: Error | undefined;
    try {
      this.#write(appends.flatMap((append) => append.events));
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    let next = first;
    for (const { events, committed } of appends) {
      try {
        committed(failure, failure || events.length === 0 ? undefined : this.placement(next));
      } catch (error) {
        // The other producers wait for their answers.
        console.error('Event Hubs emulator: an error after a commit:', error);
      }
      next += events.length;
    }
    if (!failure) for (const listener of this.#listeners) listener();
  }

  #write(events: IncomingEvent[]): void {
    // Clocks step back; enqueued times must not, or the search by time would fail.
    const enqueuedTime = Math.max(Date.now(), this.last?.enqueuedTime ?? 0);
    const records: Buffer[] = [];
    let offset = this.#size;
    for (const event of events) {
      const sequenceNumber = this.nextSequenceNumber + records.length;
      const message = buildDelivery(event, { sequenceNumber, offset, enqueuedTime });
      const record = encodeRecord(message, sequenceNumber, enqueuedTime);
      records.push(record);
      offset += record.length;
    }
    try {
      writeFully(this.#file, Buffer.concat(records), this.#size);
    } catch (error) {
      // A full disk can leave a part of the write. The producers are told that it failed, so it has to go.
      ftruncateSync(this.#file, this.#size);
      throw error;
    }
    for (const record of records) {
      this.#index.push(this.#size, enqueuedTime);
      this.#size += record.length;
    }
  }
}

function writeFully(file: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}

function readFully(file: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const count = readSync(file, bytes, done, bytes.length - done, position + done);
    if (count === 0) throw new Error(`the log ends before byte ${position + bytes.length}`);
    done += count;
  }
}
