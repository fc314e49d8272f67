import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import type { Rejection } from '../shared/contracts/rejection.ts';
import type { DumpLine } from '../shared/dump/readDump.ts';

/** The lines of a dump that were not loaded, as NDJSON with line number and reason; there is no file without one. */
export class RejectedFile {
  readonly path: string;
  #stream: WriteStream | undefined;

  constructor(path: string) {
    this.path = path;
  }

  write(line: DumpLine, { reason, detail }: Rejection): void {
    const content = 'text' in line ? { text: line.text } : { row: line.fields };
    this.#add({ line: line.line, reason, detail, ...content });
  }

  writeRefused(line: number, state: string): void {
    this.#add({ line, reason: 'rejected_by_database', detail: `SQLSTATE ${state}` });
  }

  /** Resolves when everything is in the file. */
  async close(): Promise<void> {
    if (this.#stream === undefined) return;
    this.#stream.end();
    await once(this.#stream, 'finish');
  }

  #add(entry: object): void {
    this.#stream ??= createWriteStream(this.path, { mode: 0o600 });
    this.#stream.write(`${JSON.stringify(entry)}\n`);
  }
}
