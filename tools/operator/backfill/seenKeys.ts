/** Beyond, keys are no longer remembered: 268 MB. */
const MAX_SLOTS = 2 ** 25;

/**
 * The keys of a dump, as hashes of 64 bits: of ten million, two are taken for one once in 400,000 dumps. 16 to 32 bytes a key.
 */
export class SeenKeys {
  #low = new Uint32Array(2 ** 12);
  #high = new Uint32Array(2 ** 12);
  #count = 0;

  /** Returns whether the key was there already. */
  add(key: string): boolean {
    let low = 0x811c9dc5;
    let high = 0x9747b28c;
    for (let index = 0; index < key.length; index++) {
      const code = key.charCodeAt(index);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x85ebca6b) ^ (high >>> 13);
    }
    // A slot of zeros is free.
    return this.#insert(mixed(low) || 1, mixed(high));
  }

  #insert(low: number, high: number): boolean {
    if (this.#count * 2 >= this.#low.length && this.#low.length < MAX_SLOTS) this.#grow();
    const mask = this.#low.length - 1;
    let at = (low ^ high) & mask;
    while (this.#low[at] !== 0) {
      if (this.#low[at] === low && this.#high[at] === high) return true;
      at = (at + 1) & mask;
    }
    // Never full: a search ends at a free slot.
    if (this.#count * 2 < this.#low.length) {
      this.#low[at] = low;
      this.#high[at] = high;
      this.#count++;
    }
    return false;
  }

  #grow(): void {
    const [low, high] = [this.#low, this.#high];
    this.#low = new Uint32Array(low.length * 2);
    this.#high = new Uint32Array(low.length * 2);
    this.#count = 0;
    for (const [index, part] of low.entries()) if (part !== 0) this.#insert(part, high[index]!);
  }
}

function mixed(hash: number): number {
  let bits = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
