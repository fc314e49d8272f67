import { fileURLToPath } from 'node:url';
import { ALERT_FILE } from '../../infra/alerts/alerts.ts';
import type { RecordTopic } from '../../shared/contracts/fields.ts';
import { BUILT_IN_PROFILES, parseProfile } from '../../shared/contracts/profile.ts';
import { checkTopic, type TopicCheck } from '../../tools/operator/topicCheck/check.ts';
import type { CheckOptions } from '../../tools/operator/topicCheck/evidence.ts';
import type { TopicReport } from '../../tools/operator/topicCheck/report.ts';
import { samplesOfFiles } from '../../tools/operator/topicSamples/samples.ts';

/** A row that the samples have to end in: columns as text, times in UTC. */
interface ExpectedRow {
  readonly table: 'ledger_entries' | 'payment_orders' | 'payment_ledger_pairs';
  readonly key: readonly [column: string, value: string];
  readonly columns: Readonly<Record<string, string | null>>;
}

/** Samples of a topic in test/fixtures/topics, and what `topic-check` has to say of them. */
export interface TopicStyle {
  readonly samples: string;
  readonly topic: RecordTopic;
  readonly verdict: TopicReport['verdict'];
  readonly options?: Partial<CheckOptions>;
  readonly profile: string;
  /** Code and field of everything that is asked for. */
  readonly asks: readonly string[];
  /** Where all of it is read; the last state of the record wins. */
  readonly row?: ExpectedRow;
}

const entry = (txId: string, columns: Record<string, string | null>): ExpectedRow => ({
  table: 'ledger_entries',
  key: ['tx_id', txId],
  columns,
});
const order = (columns: Record<string, string | null>): ExpectedRow => ({
  table: 'payment_orders',
  key: ['order_id', 'order-002'],
  columns: {
    status: 'PAID',
    amount: '9007199254740993.25',
    created_at: '2026-11-20 09:01:01.5+00',
    ...columns,
  },
});
const FIRST_TIME = '2026-11-20 09:00:00.123+00';
const UPDATED = { updated_at: '2026-11-20 09:01:04.5+00', source_version: '2' };
/** The one with an amount that no double holds. */
const EXACT_ENTRY = entry('tx-003', {
  ...{ wallet_id: 'wallet-3', related_id: 'order-1', amount: '9007199254740993.25' },
  event_time: '2026-11-20 09:00:03.123+00',
});
const PROPOSED_LEDGER = 'proposed-ledger-v1';
const PROPOSED_ORDER = 'proposed-payment-order-v1';

export const TOPIC_STYLES: readonly TopicStyle[] = [
  {
    samples: 'canonical-ledger.ndjson',
    topic: 'ledger',
    verdict: 'ready',
    profile: 'canonical-v1',
    asks: [],
    row: entry('tx-001', { amount: '120000', event_time: FIRST_TIME, related_id: 'order-001' }),
  },
  {
    samples: 'canonical-orders.ndjson',
    topic: 'payment_order',
    verdict: 'ready',
    profile: 'canonical-v1',
    asks: [],
    row: order({ ...UPDATED, merchant_name: 'Café Ümit' }),
  },
  {
    samples: 'canonical-pairs.ndjson',
    topic: 'pair',
    verdict: 'ready',
    profile: 'canonical-v1',
    asks: [],
    row: {
      table: 'payment_ledger_pairs',
      key: ['payment_order_id', 'order-002'],
      columns: { payment_tx_id: 'tx-003', receive_tx_id: 'tx-004', pairing_status: 'COMPLETE' },
    },
  },
  {
    samples: 'nsc-dev-ledger.ndjson',
    options: { hub: 'cdc-events' },
    topic: 'ledger',
    verdict: 'ready',
    profile: 'nsc-dev-v1',
    asks: [],
    row: entry('tx-001', { entry_type: 'PAYMENT', event_time: FIRST_TIME, source_version: '1' }),
  },
  {
    samples: 'debezium-orders',
    topic: 'payment_order',
    verdict: 'ready_with_profile',
    profile: PROPOSED_ORDER,
    asks: [],
    row: order({ ...UPDATED, user_id: 'user-1' }),
  },
  {
    samples: 'debezium-defaults-ledger.ndjson',
    topic: 'ledger',
    verdict: 'ask_producer',
    profile: PROPOSED_LEDGER,
    // Without its schema, nothing says which scale the bytes have.
    asks: ['field_invalid amount'],
  },
  {
    samples: 'cloudevents-ledger.ndjson',
    topic: 'ledger',
    verdict: 'ready_with_profile',
    profile: PROPOSED_LEDGER,
    asks: [],
    row: entry('tx-003', {
      wallet_id: 'wallet-payment-1',
      related_id: 'order-002',
      amount: '9007199254740993.25',
    }),
  },
  {
    samples: 'odd-names-orders.ndjson',
    topic: 'payment_order',
    verdict: 'ready_with_profile',
    profile: PROPOSED_ORDER,
    asks: [],
    row: order({ ...UPDATED, user_id: 'user-1', merchant_name: 'Café Ümit' }),
  },
  {
    samples: 'upper-case-local-ledger.ndjson',
    topic: 'ledger',
    verdict: 'ready_with_profile',
    profile: PROPOSED_LEDGER,
    asks: [],
    row: entry('tx-001', {
      event_time: FIRST_TIME,
      updated_at: '2026-11-20 09:00:00.373+00',
      amount: '120000',
    }),
  },
  {
    samples: 'nested-orders.ndjson',
    topic: 'payment_order',
    verdict: 'ready_with_profile',
    profile: PROPOSED_ORDER,
    asks: [],
    row: order({ ...UPDATED, user_id: 'user-1', merchant_name: 'Café Ümit' }),
  },
  {
    samples: 'epoch-millis-ledger.ndjson',
    topic: 'ledger',
    verdict: 'ready',
    profile: 'canonical-v1',
    asks: [],
    row: entry('1000000', { wallet_id: '77000', related_id: '5000', event_time: FIRST_TIME }),
  },
  {
    samples: 'epoch-seconds-orders.ndjson',
    topic: 'payment_order',
    verdict: 'ready_with_profile',
    profile: PROPOSED_ORDER,
    asks: [],
    row: order({
      created_at: '2026-11-20 09:01:01+00',
      updated_at: '2026-11-20 09:01:04+00',
    }),
  },
  {
    samples: 'local-times-orders.ndjson',
    topic: 'payment_order',
    verdict: 'ask_producer',
    profile: 'canonical-v1',
    asks: ['zone_unknown'],
  },
  {
    samples: 'local-times-orders.ndjson',
    options: { timeZone: 'Asia/Seoul' },
    topic: 'payment_order',
    verdict: 'ready_with_profile',
    profile: PROPOSED_ORDER,
    asks: [],
    row: order({ created_at: '2026-11-20 09:01:01+00', updated_at: '2026-11-20 09:01:04+00' }),
  },
  {
    samples: 'mixed-revisions-orders.ndjson',
    topic: 'payment_order',
    verdict: 'ready_with_profile',
    profile: PROPOSED_ORDER,
    asks: [],
    row: order({ source_version: '2' }),
  },
  {
    samples: 'compact-times-orders.ndjson',
    topic: 'payment_order',
    verdict: 'ask_producer',
    profile: PROPOSED_ORDER,
    asks: ['field_invalid created_at', 'field_invalid amount', 'order_missing'],
  },
  {
    samples: 'minor-units-ledger.ndjson',
    topic: 'ledger',
    verdict: 'ask_producer',
    profile: 'canonical-v1',
    asks: ['minor_units amount'],
  },
  {
    samples: 'no-revision-orders.ndjson',
    topic: 'payment_order',
    verdict: 'ask_producer',
    profile: 'canonical-v1',
    asks: ['order_missing'],
  },
  {
    samples: 'next-schema-orders.ndjson',
    topic: 'payment_order',
    verdict: 'ask_producer',
    profile: 'canonical-v1',
    asks: ['schema_version'],
  },
  {
    samples: 'with-a-failing-orders.ndjson',
    topic: 'payment_order',
    verdict: 'ask_producer',
    profile: 'canonical-v1',
    asks: ['field_missing amount', 'no_json_object'],
  },
  {
    samples: 'dynamodb-ledger.ndjson',
    ...{ topic: 'ledger', verdict: 'ready_with_profile', profile: PROPOSED_LEDGER, asks: [] },
    row: EXACT_ENTRY,
  },
  {
    samples: 'avro-json-ledger.ndjson',
    ...{ topic: 'ledger', verdict: 'ready_with_profile', profile: PROPOSED_LEDGER, asks: [] },
    row: EXACT_ENTRY,
  },
  {
    samples: 'mongodb-orders.ndjson',
    ...{ topic: 'payment_order', verdict: 'ready_with_profile', profile: PROPOSED_ORDER, asks: [] },
    row: order({ user_id: 'user-2', updated_at: '2026-11-20 09:01:02.5+00' }),
  },
  {
    samples: 'date-parts-orders.ndjson',
    // No value says in which zone they are.
    ...{ topic: 'payment_order', verdict: 'ask_producer', profile: PROPOSED_ORDER, asks: ['zone_unknown'] },
  },
  {
    samples: 'date-parts-orders.ndjson',
    options: { timeZone: 'Asia/Seoul' },
    ...{ topic: 'payment_order', verdict: 'ready_with_profile', profile: PROPOSED_ORDER, asks: [] },
    row: order({ user_id: 'user-2', updated_at: '2026-11-20 09:01:02.5+00' }),
  },
  {
    samples: 'protobuf-times-ledger.ndjson',
    ...{ topic: 'ledger', verdict: 'ready_with_profile', profile: PROPOSED_LEDGER, asks: [] },
    row: EXACT_ENTRY,
  },
  {
    samples: 'zone-in-brackets-ledger.ndjson',
    ...{ topic: 'ledger', verdict: 'ready_with_profile', profile: PROPOSED_LEDGER, asks: [] },
    row: EXACT_ENTRY,
  },
  {
    samples: 'json-in-text-ledger.ndjson',
    ...{ topic: 'ledger', verdict: 'ready_with_profile', profile: PROPOSED_LEDGER, asks: [] },
    row: EXACT_ENTRY,
  },
  {
    samples: 'registry-json-ledger.ndjson',
    ...{ topic: 'ledger', verdict: 'ready_with_profile', profile: PROPOSED_LEDGER, asks: [] },
    row: EXACT_ENTRY,
  },
  {
    samples: 'debezium-mysql-orders.ndjson',
    ...{ topic: 'payment_order', verdict: 'ready_with_profile', profile: PROPOSED_ORDER, asks: [] },
    row: order({ user_id: 'user-2', source_version: '30000000156' }),
  },
  {
    samples: 'registry-avro-ledger.ndjson',
    options: { topic: 'ledger' },
    ...{ topic: 'ledger', verdict: 'ask_producer', profile: 'canonical-v1', asks: ['avro'] },
  },
  {
    samples: 'canal-ledger.ndjson',
    options: { topic: 'ledger' },
    ...{ topic: 'ledger', verdict: 'ask_producer', profile: PROPOSED_LEDGER, asks: ['records_in_array'] },
  },
  {
    samples: 'maxwell-ledger.ndjson',
    ...{ topic: 'ledger', verdict: 'ask_producer', profile: PROPOSED_LEDGER, asks: ['confirm_deletes'] },
  },
  {
    samples: 'local-called-utc-ledger.ndjson',
    ...{ topic: 'ledger', verdict: 'ask_producer', profile: 'canonical-v1', asks: ['wall_clock event_time'] },
  },
  {
    samples: 'net-dates-ledger.ndjson',
    ...{ topic: 'ledger', verdict: 'ask_producer', profile: 'canonical-v1' },
    asks: ['field_invalid event_time', 'field_invalid updated_at'],
  },
];

/** When the samples were read, in these tests. */
export const READ_AT = Date.UTC(2026, 10, 22) * 1000;

export function samplePath(samples: string): string {
  return fileURLToPath(new URL(`../fixtures/topics/${samples}`, import.meta.url));
}

const threshold = (name: string) => ALERT_FILE.alerts.find((alert) => alert.name === name)!.threshold;

export const CHECK_OPTIONS: CheckOptions = {
  topic: undefined,
  hub: undefined,
  builtIn: Object.entries(BUILT_IN_PROFILES).map(([id, data]) => parseProfile(data, id)),
  given: undefined,
  timeZone: undefined,
  thresholds: {
    metadata_coverage_ratio: threshold('MetadataCoverageLow'),
    core_violation_rate: threshold('ContractCoreViolationHigh'),
    alias_hit_ratio: threshold('AliasHitHigh'),
    version_missing_ratio: threshold('VersionMissingHigh'),
  },
  maxClockSkew: 300_000_000,
  schemas: new Map(),
  recordLimit: 100_000,
};

/** `topic-check` on the samples of a style. */
export async function checkStyle({ samples, options }: TopicStyle): Promise<TopicCheck> {
  return checkTopic(await samplesOfFiles(samplePath(samples), READ_AT), { ...CHECK_OPTIONS, ...options });
}
