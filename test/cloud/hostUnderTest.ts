import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type EventData, EventHubProducerClient } from '@azure/event-hubs';
import { BlobServiceClient } from '@azure/storage-blob';
import { type Emulator, startEmulator } from '../../tools/local/emulator/emulator.ts';
import { type Azurite, startAzurite } from '../../tools/local/processes/azurite.ts';
import type { RunningChild } from '../../tools/local/processes/childProcess.ts';
import { startHostProcess } from '../../tools/local/processes/hostProcess.ts';

export const RECORDER_APP = fileURLToPath(new URL('../fixtures/apps/recorder', import.meta.url));

/** What the recorder app wrote about itself. */
export interface RecordEntry {
  host: string;
  event: 'appStart' | 'appTerminate' | 'postInvocation' | 'start' | 'end';
  invocationId: string;
  /** Base64. */
  bodies: string[];
  retryContext?: { retryCount: number; maxRetryCount: number; exception?: { message: string } };
  triggerMetadata: {
    partitionContext: { eventHubName: string; consumerGroup: string; partitionId: string };
    partitionKeyArray: string[];
    propertiesArray: Record<string, unknown>[];
    systemPropertiesArray: Record<string, unknown>[];
    sequenceNumberArray: number[];
  };
  failed?: boolean;
  seen?: number;
}

/** Backends for hosts, and one hub for each test: checkpoints of one hub name are shared by all emulators. */
export class HostTestBed {
  readonly directory = mkdtempSync(join(tmpdir(), 'host-test-'));
  readonly storage: string;
  readonly #azurite: Azurite | undefined;
  readonly #emulators: Emulator[] = [];
  readonly #hosts: RunningChild[] = [];

  private constructor(storage: string, azurite: Azurite | undefined) {
    this.storage = storage;
    this.#azurite = azurite;
  }

  /** Uses the Azurite of the test run if there is one. */
  static async start(): Promise<HostTestBed> {
    const given = process.env['TEST_STORAGE_CONNECTION_STRING'];
    if (given) return new HostTestBed(given, undefined);
    const directory = mkdtempSync(join(tmpdir(), 'host-test-azurite-'));
    process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
    const azurite = await startAzurite({ directory, blobPort: 0, queuePort: 0, tablePort: 0 });
    return new HostTestBed(azurite.connectionString, azurite);
  }

  /** A new hub with a recorder app that listens to it once hosts are started. */
  async hub(name: string, partitions: number): Promise<RecordedHub> {
    const directory = join(this.directory, name);
    mkdirSync(directory, { recursive: true });
    // The test process's id keeps apart runs that share an Azurite.
    const hubName = `${name}-${process.pid}`;
    const hubs = [{ name: hubName, partitions }];
    const launch = async (port: number) => {
      const emulator = await startEmulator({ port, directory: join(directory, 'hub'), hubs });
      this.#emulators.push(emulator);
      return emulator;
    };
    const emulator = await launch(0);
    const restartBroker = async () => {
      await emulator.stop();
      await launch(emulator.port);
    };
    return new RecordedHub({
      name: hubName,
      connection: emulator.connectionString,
      storage: this.storage,
      directory,
      restartBroker,
      onHost: (host) => this.#hosts.push(host),
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.stop()));
    await Promise.all(this.#emulators.map((emulator) => emulator.stop()));
    await this.#azurite?.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

interface HubOptions {
  name: string;
  connection: string;
  storage: string;
  directory: string;
  restartBroker: () => Promise<void>;
  onHost: (host: RunningChild) => void;
}

/** One hub, and the hosts that run the recorder app on it. */
export class RecordedHub {
  readonly name: string;
  readonly goFile: string;
  readonly #options: HubOptions;

  constructor(options: HubOptions) {
    this.name = options.name;
    this.goFile = join(options.directory, 'go');
    this.#options = options;
  }

  /** Stops the broker and starts it again on the same port and log. */
  restartBroker(): Promise<void> {
    return this.#options.restartBroker();
  }

  async startHost(name: string, retry?: object): Promise<RunningChild> {
    const host = await startHostProcess({
      app: RECORDER_APP,
      name,
      settings: {
        AzureWebJobsStorage: this.#options.storage,
        EventHubs: this.#options.connection,
        HUB: this.name,
        HOST_NAME: name,
        RECORD_FILE: this.#recordFile,
        GO_FILE: this.goFile,
        RETRY: retry ? JSON.stringify(retry) : '',
      },
      logFile: this.#logFile(name),
    });
    this.#options.onHost(host);
    return host;
  }

  async send(partitionId: string, events: EventData[]): Promise<void> {
    await this.#produce((producer) => producer.sendBatch(events, { partitionId }));
  }

  async sendWithKey(partitionKey: string, events: EventData[]): Promise<void> {
    await this.#produce((producer) => producer.sendBatch(events, { partitionKey }));
  }

  /** What the app wrote so far, on all hosts. */
  records(event: RecordEntry['event']): RecordEntry[] {
    if (!existsSync(this.#recordFile)) return [];
    const lines = readFileSync(this.#recordFile, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as RecordEntry).filter((entry) => entry.event === event);
  }

  /** Bodies of the invocations that ended well, as text. */
  processed(): string[] {
    return this.records('end').flatMap(({ bodies }) =>
      bodies.map((body) => Buffer.from(body, 'base64').toString()),
    );
  }

  /** The records that a host logged, and whatever else it printed. */
  log(host: string): string {
    return readFileSync(this.#logFile(host), 'utf8');
  }

  /** Host name by partition; '' where the partition was released. */
  async owners(): Promise<Record<string, string>> {
    const owners: Record<string, string> = {};
    for await (const [partition, { ownerid = '' }] of this.#blobs('ownership')) {
      owners[partition] = ownerid.split('-')[0] ?? '';
    }
    return owners;
  }

  /** The sequence number in the checkpoint of a partition. */
  async checkpoint(partitionId: string): Promise<number | undefined> {
    for await (const [partition, { sequencenumber }] of this.#blobs('checkpoint')) {
      if (partition === partitionId) return Number(sequencenumber);
    }
    return undefined;
  }

  async *#blobs(kind: 'ownership' | 'checkpoint'): AsyncGenerator<[string, Record<string, string>]> {
    const container = BlobServiceClient.fromConnectionString(this.#options.storage).getContainerClient(
      'azure-webjobs-eventhub',
    );
    const prefix = `127.0.0.1/${this.name}/$default/${kind}/`;
    for await (const blob of container.listBlobsFlat({ prefix, includeMetadata: true })) {
      yield [blob.name.slice(prefix.length), blob.metadata ?? {}];
    }
  }

  async #produce(send: (producer: EventHubProducerClient) => Promise<void>): Promise<void> {
    const producer = new EventHubProducerClient(this.#options.connection, this.name);
    try {
      await send(producer);
    } finally {
      await producer.close();
    }
  }

  get #recordFile(): string {
    return join(this.#options.directory, 'records.ndjson');
  }

  #logFile(host: string): string {
    return join(this.#options.directory, `${host}.log`);
  }
}

/** Asks until the condition holds; the deadline is for a machine that does other things as well. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`It did not happen within 60 s: ${what}`);
    await delay(100);
  }
}
