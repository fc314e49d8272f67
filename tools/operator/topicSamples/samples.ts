import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { decodeBody } from '../../../shared/contracts/decode.ts';
import type { Microseconds } from '../../../shared/contracts/timestamp.ts';
import { Complaint } from '../../terminal/exit.ts';
import { shortName } from '../../terminal/userPath.ts';
import { DumpProgress } from '../dump/command/dumpProgress.ts';
import { DumpError } from '../dump/dumpError.ts';
import { openDump } from '../dump/dumpFile.ts';
import { linesOf } from '../dump/lines.ts';
import type { ReadSamples } from '../topicCheck/check.ts';
import { jsonText, type Sample, sampleOf } from '../topicCheck/sample.ts';
import type { Spool } from './spool.ts';

/** A JSON file that holds one message, or an array of them, is read whole. */
const MAX_JSON_FILE = 64 * 1024 * 1024;
const SAMPLE_FILE = /\.(json|ndjson|jsonl)(\.gz)?$/i;

/** Samples of a file, or of every JSON file in a folder. */
export async function samplesOfFiles(path: string, readAt: Microseconds): Promise<ReadSamples> {
  const files = await filesOf(path);
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const size = sizes.reduce((sum, one) => sum + one, 0);
  const name = (file: string) => (files.length === 1 ? shortName(file) : relative(path, file));
  let pass = 0;
  return async function* read() {
    let done = 0;
    let reading: Awaited<ReturnType<typeof openDump>> | undefined;
    const bytesRead = () => done + (reading?.bytesRead() ?? 0);
    const shown = new DumpProgress(
      { size, bytesRead, chunks: NOTHING },
      `${shortName(path)}, ${++pass} of 3`,
    );
    let count = 0;
    let at = 0;
    let finished = false;
    try {
      for (const [index, file] of files.entries()) {
        at = index;
        reading = await openDump(file);
        const texts = /\.json(\.gz)?$/i.test(file)
          ? messagesOf(reading.chunks, file)
          : linesOf(reading.chunks);
        let line = 0;
        for await (const page of texts) {
          const samples: Sample[] = [];
          for (const text of page) {
            line++;
            if (isBlank(text)) continue;
            samples.push(sampleOf(text, ++count, `${name(file)}, ${line}`, readAt));
          }
          shown.update(count);
          yield samples;
        }
        done += reading.bytesRead();
        reading = undefined;
      }
      finished = true;
    } catch (error) {
      if (!(error instanceof DumpError)) throw error;
      throw new Complaint(`${files[at]}: ${error.message}`);
    } finally {
      shown.end({ finished });
    }
  };
}

/** Samples that were put into a spool, a line each. */
export function samplesOfSpool(spool: Spool, name: string, readAt: Microseconds): ReadSamples {
  let pass = 0;
  return async function* read() {
    let done = 0;
    let count = 0;
    const counted = async function* () {
      for await (const chunk of spool.read()) {
        done += chunk.length;
        yield chunk;
      }
    };
    const progress = { size: spool.size, bytesRead: () => done, chunks: NOTHING };
    const shown = new DumpProgress(progress, `${name}, ${++pass} of 3`);
    let line = 0;
    let finished = false;
    try {
      for await (const page of linesOf(counted())) {
        const samples: Sample[] = [];
        for (const text of page) {
          line++;
          if (!isBlank(text)) samples.push(sampleOf(text, ++count, `line ${line}`, readAt));
        }
        shown.update(count);
        yield samples;
      }
      finished = true;
    } finally {
      shown.end({ finished });
    }
  };
}

/** Standard input, unpacked where it is gzip. */
export async function spoolStandardInput(spool: Spool): Promise<void> {
  const { chunks } = await openDump('-');
  for await (const chunk of chunks) spool.write(chunk);
}

const NOTHING: AsyncIterable<Buffer> = (async function* () {})();

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && SAMPLE_FILE.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  if (files.length === 0) throw new Complaint(`${path} has no .json, .ndjson or .jsonl file.`);
  return files;
}

function isBlank(text: Buffer): boolean {
  return text.length < 256 && text.toString('latin1').trim() === '';
}

/** One message, an array of them, or, where it is neither, lines. */
async function* messagesOf(chunks: AsyncIterable<Buffer>, file: string): AsyncGenerator<Buffer[]> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > MAX_JSON_FILE) {
      throw new Complaint(
        `${file} is larger than ${MAX_JSON_FILE} bytes: write a message a line, as .ndjson.`,
      );
    }
    parts.push(chunk);
  }
  const text = Buffer.concat(parts);
  if (decodeBody(text).accepted) {
    yield [text];
    return;
  }
  const list = decodeBody(Buffer.concat([Buffer.from('{"list":'), withoutMark(text), Buffer.from('}')]));
  const messages = list.accepted && Object.keys(list.object).length === 1 ? list.object['list'] : undefined;
  if (Array.isArray(messages)) yield messages.map((message) => Buffer.from(jsonText(message)));
  else yield* linesOf([text] as unknown as AsyncIterable<Buffer>);
}

function withoutMark(text: Buffer): Buffer {
  return text.subarray(0, 3).toString('hex') === 'efbbbf' ? text.subarray(3) : text;
}
