import { join } from 'node:path';
import type pg from 'pg';
import { RECORD_TOPICS, type RecordTopic } from '../../../shared/contracts/fields.ts';
import { type PartitionRange, streamHub } from '../../proof/brokerLog.ts';
import { compareRows, deadLetterDifferences, type Table } from '../../proof/compare.ts';
import { keepHighest, keyOf, nothing, pairs, positionText, type Row, rowOf } from '../../proof/model.ts';
import { settlements } from '../../proof/settlement.ts';
import { BucketFiles } from './bucketFiles.ts';

/** Some ten thousand events each, of the few million that a soak has. */
const BUCKETS = 64;
const MAX_EXAMPLES = 10;

const GROUP_OF: Readonly<Record<RecordTopic, (row: Row) => string | null>> = {
  ledger: (row) => row['related_id'] ?? null,
  payment_order: (row) => row['order_id']!,
  pair: (row) => row['payment_order_id']!,
};

export interface CheckResult {
  readonly events: number;
  readonly deadLetters: number;
  /** Rows that each serving table has to have. */
  readonly rows: Readonly<Record<Table, number>>;
  readonly mismatches: number;
  readonly examples: readonly string[];
}

/** The soak runs with `USER_ID_MODE=drop`. */
const WITHOUT_USER: Readonly<Partial<Record<RecordTopic, Row>>> = { payment_order: { user_id: null } };

interface TopicRow {
  readonly topic: RecordTopic;
  readonly row: Row;
}

/**
 * Compares every row and column of the serving tables, and every dead letter, with the model, as `makeReport` does,
 * in memory that does not grow with the number of events but for the positions of the malformed ones: the hubs are
 * read once, and what has to be looked at together (versions of a key, inputs of a pair) lies in a file on disk.
 */
export class BoundedCheck {
  readonly #directory: string;
  readonly #topics: Readonly<Record<RecordTopic, string>>;
  readonly #byKey: BucketFiles<TopicRow>;
  readonly #malformed = new Map<string, string>();
  #events = 0;

  constructor(directory: string, topics: Readonly<Record<RecordTopic, string>>) {
    this.#directory = directory;
    this.#topics = topics;
    this.#byKey = new BucketFiles(join(directory, 'by-key'), BUCKETS);
  }

  /** Events that were read so far. */
  get events(): number {
    return this.#events;
  }

  /** Reads what the hubs hold: at the end, and before they are deleted. */
  async read(connectionString: string, ranges: readonly PartitionRange[]): Promise<void> {
    for (const topic of RECORD_TOPICS) {
      await streamHub(connectionString, topic, this.#topics[topic], ranges, (event) => {
        this.#events++;
        const row = rowOf(event);
        if (row === undefined) this.#malformed.set(positionText(event), event.fault ?? '*');
        else this.#byKey.add(keyOf(topic, row), { topic, row: { ...row, ...WITHOUT_USER[topic] } });
      });
    }
  }

  /** Compares what was read with the tables; nothing can be read any more. */
  async compare(client: pg.Client, progress: (line: string) => void): Promise<CheckResult> {
    const rows: Record<Table, number> = {
      ledger_entries: 0,
      payment_orders: 0,
      payment_ledger_pairs: 0,
      payment_settlements: 0,
    };
    const examples: string[] = [];
    let mismatches = 0;
    const found = (differences: readonly string[]) => {
      mismatches += differences.length;
      examples.push(...differences.slice(0, MAX_EXAMPLES - examples.length));
    };
    const compare = async (table: Table, expected: ReadonlyMap<string, Row>) => {
      rows[table] += expected.size;
      if (expected.size > 0) found(await compareRows(client, table, expected));
    };

    found(await deadLetterDifferences(client, this.#malformed, this.#topics));
    const byGroup = new BucketFiles<TopicRow>(join(this.#directory, 'by-group'), BUCKETS);
    for (const bucket of this.#byKey.buckets()) {
      const highest = nothing();
      for (const { topic, row } of bucket) keepHighest(highest, topic, row);
      await compare('ledger_entries', highest.ledger);
      await compare('payment_orders', highest.payment_order);
      for (const topic of RECORD_TOPICS) {
        for (const row of highest[topic].values()) {
          const group = GROUP_OF[topic](row);
          if (group !== null) byGroup.add(group, { topic, row });
        }
      }
    }
    progress(`compared ${rows.ledger_entries} entries and ${rows.payment_orders} orders`);
    for (const bucket of byGroup.buckets()) {
      const highest = nothing();
      for (const { topic, row } of bucket) keepHighest(highest, topic, row);
      await compare('payment_ledger_pairs', pairs(highest));
      await compare('payment_settlements', settlements(highest.ledger, highest.payment_order));
    }
    progress(`compared ${rows.payment_ledger_pairs} pairs and ${rows.payment_settlements} settlements`);

    // Every expected row was looked for: what a table has beyond their number is unexpected.
    for (const [table, count] of Object.entries(rows)) {
      const result = await client.query<{ count: string }>(`SELECT count(*) FROM bo.${table}`);
      const inTable = Number(result.rows[0]!.count);
      if (inTable !== count) found([`${table}: ${inTable} rows, not ${count}`]);
    }
    return { events: this.#events, deadLetters: this.#malformed.size, rows, mismatches, examples };
  }
}
