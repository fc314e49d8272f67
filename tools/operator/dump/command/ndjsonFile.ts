import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { NumberText } from '../../../../shared/contracts/decode.ts';

/**
 * A file of JSON lines for the operator: there is none without a line, and none of an earlier run is left. Written line by
 * line, so that memory is bounded and an error belongs to the line that caused it. Readable by its owner only: it holds
 * ids and values.
 */
export class NdjsonFile {
  readonly path: string;
  #file: number | undefined;

  constructor(path: string) {
    this.path = path;
    rmSync(path, { force: true });
  }

  write(line: object): void {
    this.#file ??= openSync(this.path, 'w', 0o600);
    writeSync(this.#file, `${JSON.stringify(line, asWritten)}\n`);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

function asWritten(_name: string, value: unknown): unknown {
  return value instanceof NumberText ? value.text : value;
}
