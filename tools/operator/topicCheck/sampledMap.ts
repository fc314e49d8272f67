/**
 * A map of limited size. When it is full, it goes on with half of its keys, chosen by their hash: what is kept of a key
 * is complete, and the keys that are kept stand for all.
 */
export class SampledMap<V> {
  readonly #limit: number;
  readonly #entries = new Map<string, V>();
  /** One key in so many is kept. */
  oneIn = 1;

  constructor(limit: number) {
    this.#limit = limit;
  }

  takes(key: string): boolean {
    return this.oneIn === 1 || hash(key) % this.oneIn === 0;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  /** Of a key that it takes. */
  set(key: string, value: V): void {
    this.#entries.set(key, value);
    while (this.#entries.size > this.#limit) {
      this.oneIn *= 2;
      for (const other of this.#entries.keys()) if (!this.takes(other)) this.#entries.delete(other);
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  values(): Iterable<V> {
    return this.#entries.values();
  }
}

/** FNV-1a with a final mix: its low bits have to be as good as the others. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  return (value ^ (value >>> 16)) >>> 0;
}
