import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const FLUSH_AT = 256 * 1024;

/** Lines on disk, spread over a number of files by the hash of a key: lines of one key are in one file. */
export class BucketFiles<V> {
  readonly #directory: string;
  readonly #waiting: string[];

  /** The directory is emptied. */
  constructor(directory: string, buckets: number) {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    this.#directory = directory;
    this.#waiting = Array.from({ length: buckets }, () => '');
  }

  add(key: string, value: V): void {
    const bucket = hash(key) % this.#waiting.length;
    this.#waiting[bucket] += `${JSON.stringify(value)}\n`;
    if (this.#waiting[bucket]!.length > FLUSH_AT) this.#flush(bucket);
  }

  /** The values of one file after the other; nothing may be added any more. */
  *buckets(): Generator<V[]> {
    for (const bucket of this.#waiting.keys()) {
      this.#flush(bucket);
      const lines = readFileSync(this.#file(bucket), 'utf8').split('\n').filter(Boolean);
      yield lines.map((line) => JSON.parse(line) as V);
      rmSync(this.#file(bucket));
    }
  }

  #flush(bucket: number): void {
    appendFileSync(this.#file(bucket), this.#waiting[bucket]!);
    this.#waiting[bucket] = '';
  }

  #file(bucket: number): string {
    return join(this.#directory, `${bucket}.ndjson`);
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}
