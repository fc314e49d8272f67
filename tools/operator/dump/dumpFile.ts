import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { DumpError } from './dumpError.ts';
import { peek } from './peek.ts';

/** A dump that is being read, unpacked. */
export interface DumpFile {
  /** Bytes of the file as it is stored; unknown for standard input. */
  readonly size: number | undefined;
  /** Of these, how many were read so far. */
  bytesRead(): number;
  readonly chunks: AsyncIterable<Buffer>;
}

const CHUNK = 1024 * 1024;
const GZIP = Buffer.from([0x1f, 0x8b]);

/** Opens a file, or standard input for `-`; what begins as gzip does is unpacked. */
export async function openDump(path: string): Promise<DumpFile> {
  const size = path === '-' ? undefined : (await stat(path)).size;
  const source = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: CHUNK });
  let read = 0;
  async function* stored(): AsyncGenerator<Buffer> {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      read += chunk.length;
      yield chunk;
    }
  }
  const { first, all } = await peek(stored());
  const packed = first?.subarray(0, 2).equals(GZIP) ?? false;
  return { size, bytesRead: () => read, chunks: packed ? unpacked(all) : all };
}

async function* unpacked(stored: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK });
  const feed = async () => {
    for await (const chunk of stored) {
      if (!gunzip.write(chunk)) await new Promise((resolve) => gunzip.once('drain', resolve));
    }
    gunzip.end();
  };
  feed().catch((error) => gunzip.destroy(error));
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    throw new DumpError(
      `This is no whole gzip file (${(error as Error).message}): it is incomplete or damaged. Was it copied to its end?`,
    );
  }
}

/** What tells one dump from another: a hash of all of it. A part would not show what was mended elsewhere. */
export async function fingerprint(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
