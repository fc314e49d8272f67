import type { LogicalTopic } from '../../../shared/contracts/fields.ts';
import { isKeyOf } from '../../../shared/contracts/messageKey.ts';
import { KEY_OF } from '../../../shared/contracts/records.ts';
import type { BrokerEvent } from '../../../shared/ingest/brokerEvent.ts';
import { type IngestRules, schemasOf } from '../../../shared/ingest/ingest.ts';
import { type PreparedEvent, prepareEvent } from '../../../shared/ingest/prepare.ts';
import { protectRecord } from '../../../shared/privacy/protectRecord.ts';
import type { ConnectHub, HeldNumbers, HubReader } from '../../../shared/replay/hubReader.ts';
import { heldSince } from '../topicSamples/hubSamples.ts';

export interface HubSearch<T extends LogicalTopic> {
  readonly rules: Pick<IngestRules<T>, 'contract' | 'maxClockSkew' | 'privacy' | 'schemas'>;
  readonly hub: HubReader;
  readonly connect: ConnectHub;
  /** The key whose events are wanted. */
  readonly key: string;
  /** An event of the key, to learn from whether its producer keys by it. */
  readonly known: { readonly partition: number; readonly sequenceNumber: number } | undefined;
  /** Nothing that the broker had before; `undefined`: from the first event that it holds. */
  readonly since: Date | undefined;
  /** Most events that are looked at. */
  readonly most: number;
  readonly stopped: AbortSignal;
  readonly progress: (looked: number, of: number) => void;
}

export interface HubFindings<T extends LogicalTopic> {
  readonly events: readonly PreparedEvent<T>[];
  /** The partitions that were looked at: one, where the producer keys its events. */
  readonly partitions: readonly number[];
  readonly looked: number;
  /** Why the rest was left out; `undefined` where nothing was. */
  readonly cut: 'most' | 'stopped' | undefined;
}

/** Finds what a hub still holds of a key: in its partition where the producer keys by it, else in all of them. */
export async function searchHub<T extends LogicalTopic>(search: HubSearch<T>): Promise<HubFindings<T>> {
  const { rules, hub, connect, key, since, most, stopped, progress } = search;
  const { topic } = rules.contract;
  const all = (await hub.heldNumbers(topic)).filter(({ first, last }) => last >= first);
  const keyed = await partitionOfKey(search, all);
  const wanted = all.filter(({ partition }) => keyed === undefined || partition === keyed);
  const ranges = since === undefined ? wanted : await heldSince(connect, topic, wanted, since);
  const total = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const privacy = await rules.privacy.ready();
  const events: PreparedEvent<T>[] = [];
  let looked = 0;
  for (const { partition, first, last } of ranges) {
    if (stopped.aborted || looked >= most) break;
    const to = Math.min(last, first + most - looked - 1);
    await hub.read(topic, partition, { from: first, to }, async (page) => {
      // In Avro an id may be written in binary.
      const likely = rules.contract.encoding === 'avro' ? page : page.filter((event) => mayBeOf(key, event));
      const schemas = await schemasOf(rules, likely);
      for (const event of likely) {
        const prepared = prepareEvent(rules, event, schemas);
        if (!isOf(rules.contract.logicalTopic, key, prepared)) continue;
        events.push(
          prepared.accepted ? protectRecord(rules.contract.logicalTopic, privacy, prepared) : prepared,
        );
      }
      looked += page.length;
      progress(looked, total);
      return !stopped.aborted;
    });
  }
  const cut = stopped.aborted ? 'stopped' : looked < total && looked >= most ? 'most' : undefined;
  return { events, partitions: ranges.map(({ partition }) => partition), looked, cut };
}

/** The partition that the broker puts this key into; `undefined` where nothing says that there is one. */
async function partitionOfKey<T extends LogicalTopic>(
  { rules, hub, key, known }: HubSearch<T>,
  held: readonly HeldNumbers[],
): Promise<number | undefined> {
  if (known === undefined) return undefined;
  const { partition, sequenceNumber } = known;
  const isHeld = held.some(
    (one) => one.partition === partition && one.first <= sequenceNumber && sequenceNumber <= one.last,
  );
  if (!isHeld) return undefined;
  let isKeyed = false;
  const one = { from: sequenceNumber, to: sequenceNumber };
  await hub.read(rules.contract.topic, partition, one, async ([event]) => {
    isKeyed = event !== undefined && event.key !== null && isKeyOf(event.key, key);
    return false;
  });
  return isKeyed ? partition : undefined;
}

/** Whose text an id would be in, whatever the serializer escapes. */
const NEVER_ESCAPED = /^[\w.:@-]+$/;

/** Decoding is dear: an event whose bytes do not hold the id, as they would, is passed over. */
function mayBeOf(key: string, { body, key: ownKey }: BrokerEvent): boolean {
  return !NEVER_ESCAPED.test(key) || ownKey?.includes(key) === true || body.includes(key);
}

/** By the record's own key; what holds no record goes by the broker's. */
function isOf<T extends LogicalTopic>(topic: T, key: string, prepared: PreparedEvent<T>): boolean {
  if (prepared.accepted) return KEY_OF[topic](prepared.record) === key;
  return prepared.event.key !== null && isKeyOf(prepared.event.key, key);
}
