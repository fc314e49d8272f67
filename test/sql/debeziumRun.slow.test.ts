import assert from 'node:assert/strict';
import { type Schema, Type } from 'avsc';
import { test } from 'vitest';
import { compileAvroSchema } from '../../shared/contracts/avroSchema.ts';
import type { LogicalTopic } from '../../shared/contracts/fields.ts';
import { parseProfile, topicNames } from '../../shared/contracts/profile.ts';
import type { BrokerEvent } from '../../shared/ingest/brokerEvent.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { ingestRules } from '../../shared/ingest/rules.ts';
import { schemaSource } from '../../shared/schemas/schemaSource.ts';
import { CANONICAL_SETTINGS, Partition } from '../../tools/proof/exampleEvents.ts';
import { inFormat } from '../../tools/proof/synthetic/formats.ts';
import { Random } from '../../tools/proof/synthetic/random.ts';
import { testDatabase } from '../support/database.ts';

// Two tables as Debezium writes them by default: PostgreSQL in JSON with its schema's wrapper, ordered by the place in its log;
// MySQL in Avro, ordered by file and place. 10,000 rows of a snapshot, 50,000 changes.

const SEED = 2024;
const ROWS = 5000;
const CHANGES = 25_000;
const PARTITIONS = 4;
const BATCH = 1000;
const SECOND = Date.UTC(2026, 10, 20) / 1000;

interface State {
  readonly id: string;
  readonly amount: string;
  readonly status: string;
  /** Microseconds since 1970. */
  readonly at: number;
}

/** How a connector writes a change of a row. */
interface Style {
  readonly topic: LogicalTopic;
  readonly place: (change: number) => object;
  readonly write: (op: string, state: State | null, source: object) => Buffer;
}

const POSTGRES: Style = {
  topic: 'ledger',
  place: (change) => ({ connector: 'postgresql', lsn: 32_000_000 + 56 * change }),
  write: (op, state, source) => {
    const after = state && {
      ...{ tx_id: state.id, wallet_id: 'wallet-1', entry_type: state.status, memo: null },
      amount: inFormat(state.amount, { format: 'connect_decimal', scale: 2 }, 'UTC'),
      event_time: state.at,
    };
    return Buffer.from(
      JSON.stringify({ schema: { type: 'struct' }, payload: { before: null, after, source, op } }),
    );
  },
};

const nullable = (type: unknown) => ['null', type];
const field = (name: string, type: unknown) => ({ name, type });
const CHANGE = {
  type: 'record',
  name: 'Envelope',
  fields: [
    field(
      'before',
      nullable({
        type: 'record',
        name: 'Value',
        fields: [
          field('order_id', 'string'),
          field('amount', { type: 'bytes', logicalType: 'decimal', precision: 18, scale: 2 }),
          field('status', 'string'),
          field('created_at', { type: 'long', logicalType: 'timestamp-micros' }),
        ],
      }),
    ),
    field('after', nullable('Value')),
    field('source', {
      type: 'record',
      name: 'Source',
      fields: [field('file', 'string'), field('pos', 'long')],
    }),
    field('op', 'string'),
  ],
};
const CHANGE_TYPE = Type.forSchema(CHANGE as unknown as Schema);
const MYSQL: Style = {
  topic: 'payment_order',
  // A new file every 7,000 changes: places begin anew, file 10 follows file 9.
  place: (change) => ({
    file: `mysql-bin.${String(8 + Math.floor(change / 7000)).padStart(6, '0')}`,
    pos: 4 + 97 * (change % 7000),
  }),
  write: (op, state, source) => {
    const after = state && {
      ...{ order_id: state.id, status: state.status, created_at: state.at },
      amount: Buffer.from(
        String(inFormat(state.amount, { format: 'connect_decimal', scale: 2 }, 'UTC')),
        'base64',
      ),
    };
    return Buffer.concat([
      Buffer.from([0, 0, 0, 0, 9]),
      CHANGE_TYPE.toBuffer({ before: null, after, source, op }),
    ]);
  },
};

const ignored = ['deletes', 'tombstones', 'connector_messages'];
const { topics } = CANONICAL_SETTINGS.profile;
const profile = parseProfile(
  {
    id: 'debezium-run',
    topics: {
      ...topics,
      ledger: {
        ...{
          ...topics.ledger,
          envelope: ['payload', 'after'],
          ignored,
          precedence: ['version', 'updated_at'],
        },
        aliases: { version: [{ root: ['payload', 'source', 'lsn'] }] },
        formats: {
          amount: { format: 'connect_decimal', scale: 2 },
          event_time: { format: 'epoch_microseconds' },
          version: { format: 'postgres_lsn', epoch: 1 },
        },
      },
      payment_order: {
        ...{
          ...topics.payment_order,
          encoding: 'avro',
          envelope: ['after'],
          ignored,
          precedence: ['version', 'updated_at'],
        },
        aliases: { version: [{ root: ['source'] }] },
        formats: { version: { format: 'mysql_binlog', epoch: 1 } },
      },
    },
  },
  'debezium-run',
);
const settings = {
  ...CANONICAL_SETTINGS,
  ...{ profile, topics: topicNames(profile) },
  schemas: schemaSource({ files: new Map([['9', compileAvroSchema(CHANGE)]]) }),
};

/** The source's table after all of it, and the messages; a row that was deleted stays here as it last was. */
function history(random: Random, { topic, place, write }: Style) {
  const rows = new Map<string, State>();
  const living: string[] = [];
  const partitions = Array.from({ length: PARTITIONS }, (_, number) => new Partition(number));
  const events: BrokerEvent[] = [];
  let number = 0;
  const send = (id: string, body: Buffer | string) => {
    const partition = partitions[Number(id.slice(id.indexOf('-') + 1)) % PARTITIONS]!;
    events.push(
      partition.event(body, { key: JSON.stringify({ [topic === 'ledger' ? 'tx_id' : 'order_id']: id }) }),
    );
  };
  const state = (id: string): State => ({
    id,
    amount: `${random.below(2) === 0 ? '' : '-'}${1 + random.below(10 ** 9)}.${10 + random.below(90)}`,
    status: random.pick(['PAYMENT', 'RECEIVE', 'REFUND']),
    at: (SECOND + random.below(86_400)) * 1_000_000 + random.below(1_000_000),
  });
  const put = (op: string, id: string, source: object) => {
    const next = state(id);
    rows.set(id, next);
    send(id, write(op, next, source));
  };
  for (let row = 0; row < ROWS; row++) {
    const id = `id-${number++}`;
    living.push(id);
    put('r', id, place(0));
  }
  for (let change = 1; change <= CHANGES; change++) {
    const at = random.below(living.length);
    const id = living[at]!;
    if (random.chance(0.1)) {
      send(id, write('d', null, place(change)));
      send(id, '');
      living[at] = living.at(-1)!;
      living.pop();
      // It may come back.
      if (random.chance(0.3)) {
        living.push(id);
        put('c', id, place(++change));
      }
    } else if (random.chance(0.15)) {
      const added = `id-${number++}`;
      living.push(added);
      put('c', added, place(change));
    } else put('u', id, place(change));
  }
  return { rows, events };
}

/** All of them in any order, and one in ten again. */
function deliveries(random: Random, events: readonly BrokerEvent[]): BrokerEvent[] {
  const all = [...events, ...events.filter(() => random.chance(0.1))];
  for (let index = all.length - 1; index > 0; index--) {
    const other = random.below(index + 1);
    [all[index], all[other]] = [all[other]!, all[index]!];
  }
  return all;
}

test.for([POSTGRES, MYSQL])(
  `snapshot, changes, deletes and tombstones in any order, with redeliveries, are the source's table (seed ${SEED}): $topic`,
  { timeout: 300_000 },
  async (style, t) => {
    const database = await testDatabase(t);
    const random = new Random(SEED);
    const { rows, events } = history(random, style);
    const rules = ingestRules<LogicalTopic>(settings, database.pool, style.topic);
    const counts = { received: 0, dead: 0, ignored: 0 };
    for (const ofPartition of Map.groupBy(
      deliveries(random, events),
      ({ partition }) => partition,
    ).values()) {
      for (let start = 0; start < ofPartition.length; start += BATCH) {
        const { received, outcomes, rejected } = await ingest(rules, ofPartition.slice(start, start + BATCH));
        assert.equal(outcomes.dead_lettered, 0, rejected[0]?.rejection.detail);
        counts.received += received;
        counts.ignored += outcomes.ignored;
      }
    }
    assert.ok(
      events.length > ROWS + CHANGES &&
        counts.received > events.length &&
        counts.ignored > 2 * 0.08 * CHANGES,
    );

    const [table, id, status, at] =
      style.topic === 'ledger'
        ? ['ledger_entries', 'tx_id', 'entry_type', 'event_time']
        : ['payment_orders', 'order_id', 'status', 'created_at'];
    const stored = await database.rows(
      `SELECT ${id} AS id, amount, ${status} AS status, (extract(epoch FROM ${at}) * 1000000)::bigint AS at FROM bo.${table}`,
    );
    const text = ({ id, amount, status, at }: Record<string, unknown> | State) =>
      `${id} ${String(amount).replace(/0$/, '')} ${status} ${at}`;
    assert.deepEqual(stored.map(text).sort(), [...rows.values()].map(text).sort());
    const [letters] = await database.rows('SELECT count(*) AS count FROM bo.consumer_dlq_events');
    const [mismatches] = await database.rows('SELECT sum(key_mismatch) AS sum FROM sync.hourly_counters');
    assert.deepEqual([letters?.['count'], mismatches?.['sum']], ['0', '0']);
  },
);
