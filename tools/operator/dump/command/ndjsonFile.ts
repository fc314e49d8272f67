import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { NumberText } from '../../../../shared/contracts/json.ts';

/**
 * A file of JSON lines for the operator: there is none without a line, and of an earlier run none is left but those that are
 * kept. Written line by
 * line, so that memory is bounded and an error belongs to the line that caused it. Readable by its owner only: it holds
 * ids and values.
 */
export class NdjsonFile {
  readonly path: string;
  /** Lines of an earlier run. */
  readonly kept: number;
  #file: number | undefined;

  /** `keep` says which lines stay that an earlier run has written. */
  constructor(path: string, keep: (line: Readonly<Record<string, unknown>>) => boolean = () => false) {
    this.path = path;
    const kept = linesOf(path).filter((text) => {
      const line = parsed(text);
      return line !== undefined && keep(line);
    });
    this.kept = kept.length;
    rmSync(path, { force: true });
    if (kept.length > 0) writeFileSync(path, `${kept.join('\n')}\n`, { mode: 0o600 });
  }

  write(line: object): void {
    this.#file ??= openSync(this.path, 'a', 0o600);
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

function linesOf(path: string): string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
}

/** Nothing, where a run that was killed has written half of a line, or the file is another one. */
function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
