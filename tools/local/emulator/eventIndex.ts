/**
 * Where each event of a partition lies and when it came: 16 bytes an event, all that is kept in memory.
 * Both columns only grow, so a search by offset or by time is a binary search.
 */
export class EventIndex {
  #positions = new Float64Array(1024);
  #times = new Float64Array(1024);
  #length = 0;

  /** Number of events. */
  get length(): number {
    return this.#length;
  }

  /** Adds the next event: its position in the file and its enqueued time in milliseconds. */
  push(position: number, time: number): void {
    if (this.#length === this.#positions.length) {
      this.#positions = grown(this.#positions);
      this.#times = grown(this.#times);
    }
    this.#positions[this.#length] = position;
    this.#times[this.#length] = time;
    this.#length++;
  }

  /** File position of the event at `row`, which must exist. */
  position(row: number): number {
    return this.#at(this.#positions, row);
  }

  /** Enqueued time of the event at `row`, which must exist. */
  time(row: number): number {
    return this.#at(this.#times, row);
  }

  /** The first row with a position above the given one; `length` when there is none. */
  firstAbovePosition(position: number): number {
    return this.#firstAbove(this.#positions, position);
  }

  /** The first row enqueued after the given time; `length` when there is none. */
  firstAfterTime(time: number): number {
    return this.#firstAbove(this.#times, time);
  }

  #at(column: Float64Array, row: number): number {
    if (row < 0 || row >= this.#length) throw new RangeError(`no event in row ${row} of ${this.#length}`);
    return column[row]!;
  }

  #firstAbove(column: Float64Array, value: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (column[middle]! > value) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function grown(column: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}
