/** A range of lines that are done with, both ends included. */
export interface LineRange {
  readonly from: number;
  readonly to: number;
}

/** The lines of a dump that earlier runs are done with. */
export class DoneLines {
  readonly #ranges: readonly LineRange[];
  #at = 0;

  /** `ranges` in their order, apart from each other. */
  constructor(ranges: readonly LineRange[]) {
    this.#ranges = ranges;
  }

  /** All lines up to this one are done with; 0 where the first one is not. */
  get upTo(): number {
    const [first] = this.#ranges;
    return first?.from === 1 ? first.to : 0;
  }

  /** The last one. */
  get last(): number {
    return this.#ranges.at(-1)?.to ?? 0;
  }

  /** Whether a line is one of them. Asked of one line after the other, as they stand in the dump. */
  has(line: number): boolean {
    while (this.#at < this.#ranges.length && this.#ranges[this.#at]!.to < line) this.#at++;
    const range = this.#ranges[this.#at];
    return range !== undefined && range.from <= line;
  }
}
