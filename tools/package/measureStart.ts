import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const LOADER = fileURLToPath(new URL('./loadFunctions.cjs', import.meta.url));

/** Nothing is connected to while the app is loaded: these only have to be well-formed. */
const SETTINGS = {
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  EventHubs: 'Endpoint=sb://127.0.0.1;SharedAccessKeyName=none;SharedAccessKey=none',
  EVENT_HUBS_CONSUMER_GROUP: 'none',
  DATABASE_URL: 'postgres://nobody:nothing@127.0.0.1:1/nowhere',
};

/**
 * Median wall times of whole processes, in milliseconds, measured in turn: Node with nothing to do, and Node that loads
 * an app until its functions are registered. The files are in the page cache; in Azure they are not, and the difference
 * is larger.
 */
export async function measureStart(
  file: string,
  rounds: number,
): Promise<{ emptyNodeMs: number; loadMs: number }> {
  const starts = [[], [file]].map((files) => ({ files, times: [] as number[] }));
  for (const { files } of starts) await timeOf(files);
  for (let round = 0; round < rounds; round++) {
    for (const { files, times } of starts) times.push(await timeOf(files));
  }
  const [emptyNodeMs, loadMs] = starts.map(({ times }) => median(times));
  return { emptyNodeMs: emptyNodeMs!, loadMs: loadMs! };
}

async function timeOf(files: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  // Without this process's own environment: options for Node or a compile cache in it would change what is measured.
  await promisify(execFile)(process.execPath, [LOADER, ...files], { env: SETTINGS });
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('Nothing was measured.');
  return middle;
}
