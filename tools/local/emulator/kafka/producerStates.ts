/**
 * What a partition remembers of idempotent producers, so that a batch that is sent again, because its acknowledgement
 * was lost, is not stored again. As in Kafka: the last batches of each producer, and which sequence comes next.
 *
 * Kept in a file beside the log, written in the same turn of the event loop as the events and before they are
 * acknowledged. Only a process that is killed between these two writes forgets what it stored.
 */
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import type { Placement } from '../eventBytes.ts';
import { type KafkaError, kafkaError } from './errors.ts';
import type { ProducerPosition } from './recordBatch.ts';

/** Where a batch was stored: the place of its first event. */
export type Stored = Pick<Placement, 'sequenceNumber' | 'enqueuedTime'>;

/** A batch that was stored. One line of the file is the JSON of one, the id as text. */
interface KeptBatch extends ProducerPosition, Stored {}

/** Kafka's number: more than a client has on the way. */
const KEPT_BATCHES = 5;
/** Those that were silent the longest are forgotten first. */
const KEPT_PRODUCERS = 10_000;
const MAX_SEQUENCE = 2 ** 31 - 1;

export class ProducerStates {
  readonly #file: number;
  readonly #producers = new Map<bigint, KeptBatch[]>();
  #lastCheck: Promise<unknown> = Promise.resolve();
  /** The file may end with a part of a line. */
  #isTorn = false;

  /** Reads what the file holds, if there is one, and leaves only what still counts in it. */
  constructor(path: string) {
    if (existsSync(path)) {
      for (const line of readFileSync(path, 'utf8').split('\n')) {
        const batch = parseLine(line);
        if (batch !== undefined) this.#remember(batch);
      }
    }
    const kept = [...this.#producers.values()].flat().map(lineOf).join('');
    writeFileSync(`${path}.new`, kept);
    renameSync(`${path}.new`, path);
    this.#file = openSync(path, 'a');
  }

  /**
   * Stores a batch through `store` unless it is stored already, in which case its first place is the answer. Batches of
   * idempotent producers wait for each other: what was sent twice at once must not pass the check twice.
   * @param store has to call its argument in the turn in which the events are written.
   */
  async storeOnce(
    position: ProducerPosition,
    store: (stored: (place: Stored) => void) => Promise<Stored | KafkaError>,
  ): Promise<Stored | KafkaError> {
    const checked = this.#lastCheck.then(() => {
      const known = this.#check(position);
      return (
        known ??
        store(({ sequenceNumber, enqueuedTime }) => this.#keep({ ...position, sequenceNumber, enqueuedTime }))
      );
    });
    this.#lastCheck = checked.catch(() => {});
    return checked;
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Where this batch is stored, or why it can't be; undefined for the one that comes next. */
  #check({ producerId, epoch, firstSequence, count }: ProducerPosition): Stored | KafkaError | undefined {
    const kept = this.#producers.get(producerId);
    const last = kept?.at(-1);
    // Nothing is known of it any more, or not yet: as Kafka does, whatever it sends is the beginning.
    if (kept === undefined || last === undefined) return undefined;
    if (epoch < last.epoch) return kafkaError('INVALID_PRODUCER_EPOCH');
    const next = epoch > last.epoch ? 0 : sequenceAfter(last);
    if (firstSequence === next) return undefined;
    const same = kept.find(
      (batch) => batch.epoch === epoch && batch.firstSequence === firstSequence && batch.count === count,
    );
    return (
      same ??
      kafkaError('OUT_OF_ORDER_SEQUENCE_NUMBER', `The next sequence number is ${next}, not ${firstSequence}.`)
    );
  }

  #keep(batch: KeptBatch): void {
    this.#remember(batch);
    try {
      appendFileSync(this.#file, `${this.#isTorn ? '\n' : ''}${lineOf(batch)}`);
      this.#isTorn = false;
    } catch (error) {
      // The events are stored, and their producer has to hear that; only a restart forgets this batch.
      this.#isTorn = true;
      console.warn(`Kafka endpoint: a batch of an idempotent producer was not written down: ${error}`);
    }
  }

  #remember(batch: KeptBatch): void {
    const kept = this.#producers.get(batch.producerId) ?? [];
    // Put back at the end: a map's keys come in the order in which they were put there.
    this.#producers.delete(batch.producerId);
    this.#producers.set(batch.producerId, [...kept, batch].slice(-KEPT_BATCHES));
    if (this.#producers.size > KEPT_PRODUCERS) {
      this.#producers.delete(this.#producers.keys().next().value!);
    }
  }
}

/** After the largest number comes 0. */
function sequenceAfter({ firstSequence, count }: KeptBatch): number {
  const next = firstSequence + count;
  return next > MAX_SEQUENCE ? next - MAX_SEQUENCE - 1 : next;
}

function lineOf({ producerId, ...rest }: KeptBatch): string {
  return `${JSON.stringify({ producerId: String(producerId), ...rest })}\n`;
}

/** A line that a killed process left unfinished is no JSON, and belongs to a batch that nobody was told of. */
function parseLine(line: string): KeptBatch | undefined {
  try {
    const { producerId, ...rest } = JSON.parse(line) as Omit<KeptBatch, 'producerId'> & {
      producerId: string;
    };
    return { producerId: BigInt(producerId), ...rest };
  } catch {
    return undefined;
  }
}
