/** An event hub: its partitions, their logs, and the choice of a partition. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConsumerGroups } from './consumerGroups.ts';
import { ProducerStates } from './kafka/producerStates.ts';
import { partitionForKey } from './partitionKeyHash.ts';
import { PartitionLog } from './partitionLog.ts';
import type { Refusal } from './refusal.ts';

export interface HubDefinition {
  name: string;
  partitions: number;
}

export interface Partition {
  id: string;
  log: PartitionLog;
  consumerGroups: ConsumerGroups;
  /** What is known of Kafka's idempotent producers. */
  producers: ProducerStates;
}

/** The content of `hub.json`. */
interface HubFile {
  name: string;
  partitions: number;
  createdAt: string;
}

const HUB_NAME = /^[a-z0-9](?:[a-z0-9._-]{0,254}[a-z0-9])?$/i;
const MAX_PARTITIONS = 1024;

export class Hub {
  readonly name: string;
  readonly createdAt: Date;
  readonly partitions: readonly Partition[];
  #turn = 0;

  /**
   * Opens the hub's logs below `directory`, or creates them. Throws on a bad definition, on a partition count
   * other than the existing one, and on damaged files.
   */
  constructor(directory: string, definition: HubDefinition) {
    const folder = join(directory, definition.name.toLowerCase());
    const file = openHubFile(folder, definition);
    this.name = definition.name;
    this.createdAt = new Date(file.createdAt);
    const partitions: Partition[] = [];
    try {
      for (let id = 0; id < definition.partitions; id++) {
        const log = new PartitionLog(join(folder, `${id}.log`));
        const producers = new ProducerStates(join(folder, `${id}.producers`));
        partitions.push({ id: String(id), log, consumerGroups: new ConsumerGroups(), producers });
      }
    } catch (error) {
      closeAll(partitions);
      throw error;
    }
    this.partitions = partitions;
  }

  /** The partition with this id, or why there is none. */
  partition(id: string): Partition | Refusal {
    return (
      this.partitions.find((partition) => partition.id === id) ?? {
        condition: 'com.microsoft:argument-out-of-range',
        description: `The partition '${id}' of the event hub '${this.name}' is not in 0 to ${this.partitions.length - 1}.`,
      }
    );
  }

  /** The partition of a key; without a key the partitions take turns. */
  partitionFor(partitionKey: string | undefined): Partition {
    const number =
      partitionKey === undefined
        ? this.#turn++ % this.partitions.length
        : partitionForKey(partitionKey, this.partitions.length);
    return this.partitions[number]!;
  }

  /** Commits what is waiting and closes the logs. */
  close(): void {
    closeAll(this.partitions);
  }
}

/** The log first: what it commits then is written down beside it. */
function closeAll(partitions: readonly Partition[]): void {
  for (const { log, producers } of partitions) {
    log.close();
    producers.close();
  }
}

/** Reads or creates `hub.json`, which fixes the partition count: keys would move if it changed. */
function openHubFile(directory: string, definition: HubDefinition): HubFile {
  const { name, partitions } = definition;
  if (!HUB_NAME.test(name)) throw new Error(`'${name}' is not a valid event hub name.`);
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > MAX_PARTITIONS) {
    throw new Error(`The event hub '${name}' needs 1 to ${MAX_PARTITIONS} partitions, not ${partitions}.`);
  }
  const path = join(directory, 'hub.json');
  if (!existsSync(path)) {
    mkdirSync(directory, { recursive: true });
    const created: HubFile = { name, partitions, createdAt: new Date().toISOString() };
    // Renamed into place, so that a killed process leaves a whole file or none.
    writeFileSync(`${path}.new`, `${JSON.stringify(created, null, 2)}\n`);
    renameSync(`${path}.new`, path);
    return created;
  }
  const existing = parseHubFile(readFileSync(path, 'utf8'), path);
  if (existing.partitions !== partitions) {
    throw new Error(
      `The event hub '${name}' has ${existing.partitions} partitions in ${directory} and cannot be opened with ` +
        `${partitions}. Use ${existing.partitions}, or delete the directory to start afresh.`,
    );
  }
  return existing;
}

function parseHubFile(text: string, path: string): HubFile {
  const content: unknown = JSON.parse(text);
  if (
    typeof content === 'object' &&
    content !== null &&
    'name' in content &&
    typeof content.name === 'string' &&
    'partitions' in content &&
    typeof content.partitions === 'number' &&
    'createdAt' in content &&
    typeof content.createdAt === 'string'
  ) {
    return { name: content.name, partitions: content.partitions, createdAt: content.createdAt };
  }
  throw new Error(`${path} does not describe an event hub.`);
}
