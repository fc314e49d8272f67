import { Presets, SingleBar } from 'cli-progress';
import type { DumpFile } from '../dumpFile.ts';

const REPORT_EVERY_MS = 10_000;

/** Shows how far a dump is read: a bar with rate and time left in a terminal, a line now and then elsewhere. */
export class DumpProgress {
  readonly #file: DumpFile;
  readonly #name: string;
  readonly #bar: SingleBar | undefined;
  readonly #startedAt = performance.now();
  #reportedAt = performance.now();
  #isShown = false;

  constructor(file: DumpFile, name: string) {
    this.#file = file;
    this.#name = name;
    if (file.size === undefined || !process.stderr.isTTY) return;
    const format = `${name} [{bar}] {percentage} % | {rate} rows/s | {left} left`;
    this.#bar = new SingleBar({ format }, Presets.shades_classic);
    this.#bar.start(file.size, 0, { rate: 0, left: '' });
  }

  update(rows: number): void {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const rate = Math.round(rows / Math.max(seconds, 0.001));
    const done = this.#file.bytesRead();
    const left =
      this.#file.size === undefined
        ? ''
        : `${Math.ceil((seconds / Math.max(done, 1)) * (this.#file.size - done))} s`;
    if (this.#bar !== undefined) {
      this.#bar.update(done, { rate, left });
      this.#isShown = true;
    } else if (performance.now() - this.#reportedAt > REPORT_EVERY_MS) {
      this.#reportedAt = performance.now();
      this.#isShown = true;
      const share =
        this.#file.size === undefined
          ? ''
          : `, ${Math.floor((100 * done) / this.#file.size)} %, ${left} left`;
      console.error(`${this.#name}: ${rows} rows, ${rate} a second${share}`);
    }
  }

  /** The last line says that it is done, where there was one before. */
  end({ finished }: { readonly finished: boolean }): void {
    this.#bar?.stop();
    if (finished && this.#isShown) console.error(`${this.#name}: done.`);
  }
}
