import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Samples that can be read only once, to be read again. The file has no name any more when the first byte is written:
 * nobody else can open it, and it is gone with this process, however that ends.
 */
export class Spool {
  readonly #file: number;
  #size = 0;

  constructor() {
    const directory = mkdtempSync(join(tmpdir(), 'topic-check-'));
    this.#file = openSync(join(directory, 'samples'), 'wx+', 0o600);
    rmSync(directory, { recursive: true });
  }

  write(bytes: Buffer): void {
    for (let written = 0; written < bytes.length; ) {
      written += writeSync(this.#file, bytes, written, bytes.length - written, this.#size + written);
    }
    this.#size += bytes.length;
  }

  get size(): number {
    return this.#size;
  }

  /** All that was written. */
  async *read(): AsyncGenerator<Buffer> {
    if (this.#size === 0) return;
    const range = { start: 0, end: this.#size - 1, highWaterMark: 1024 * 1024 };
    yield* createReadStream('', { fd: this.#file, autoClose: false, ...range }) as AsyncIterable<Buffer>;
  }

  close(): void {
    closeSync(this.#file);
  }
}
