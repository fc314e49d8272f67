import assert from 'node:assert/strict';
import type { DumpTopic } from '../../shared/contracts/fields.ts';
import { RECORD_TOPICS } from '../../shared/contracts/fields.ts';
import { BUILT_IN_PROFILES, type Profile, parseProfile, topicNames } from '../../shared/contracts/profile.ts';
import type { BrokerEvent } from '../../shared/ingest/brokerEvent.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { ingestRules } from '../../shared/ingest/rules.ts';
import { HubReader } from '../../shared/replay/hubReader.ts';
import { replay } from '../../shared/replay/replay.ts';
import { parseReplayRequest } from '../../shared/replay/request.ts';
import { missingNumbers } from '../../shared/store/replay/missingNumbers.ts';
import { readReplay } from '../../shared/store/replay/readReplay.ts';
import { failureKind } from '../../shared/store/sqlstates.ts';
import { type MergePlan, mergeRecords } from '../../tools/operator/backfill/backfill.ts';
import { CreatedRange } from '../../tools/operator/backfill/createdRange.ts';
import type { DumpLine } from '../../tools/operator/dump/dumpLine.ts';
import { type DumpContract, readRecord } from '../../tools/operator/dump/dumpRecords.ts';
import { readDump } from '../../tools/operator/dump/readDump.ts';
import type { LoggedEvent } from '../../tools/proof/brokerLog.ts';
import { CANONICAL_SETTINGS, START } from '../../tools/proof/exampleEvents.ts';
import type { CrashingPool } from './crashingPool.ts';
import { type Delivered, type History, type HistoryDump, IGNORED } from './history.ts';

const canonical = parseProfile(BUILT_IN_PROFILES['canonical-v1'], 'canonical-v1');
const NO_HUB = new HubReader(() => Promise.reject(new Error('Dead letters need no hub.')));

let requests = 0;

/** The operator's part of a history: dumps, replays and the repair of gaps. */
export class Recovery {
  readonly #settings;
  readonly #delivered: Delivered;

  constructor({ versionFirst }: History, delivered: Delivered) {
    const profile = mendedProfile(versionFirst);
    this.#settings = { ...CANONICAL_SETTINGS, profile, topics: topicNames(profile) };
    this.#delivered = delivered;
  }

  /** Loads a dump, once more where its connection is lost. */
  async load(writer: CrashingPool, dump: HistoryDump, firstLine: number): Promise<void> {
    const text = Buffer.from(dump.rows.map(({ body }) => `${body}\n`).join(''));
    const lines: DumpLine[] = [];
    for await (const page of readDump(chunksOf(text), { checkColumns: () => {} })) lines.push(...page);
    const work = () => this.#merge(writer, dump, lines, firstLine);
    if (dump.crash === null) return work();
    try {
      await writer.crashing(dump.crash, work);
    } catch (error) {
      if (failureKind(error) !== 'infrastructure') throw error;
      this.#delivered.crashes.push(dump.crash.kind);
      await work();
    }
  }

  /** All dead letters, under the mended profile. */
  async replay({ pool: database }: CrashingPool): Promise<void> {
    const request = parseReplayRequest({ select: {}, force: true, requested_by: 'test' });
    const requestId = `convergence-${++requests}`;
    const context = { settings: this.#settings, database, hub: NO_HUB, requestId, timeIsOver: () => false };
    assert.equal(await replay(context, request), true);
    // Each of them was a delivery.
    const { examined } = (await readReplay(database, requestId))!;
    this.#delivered.acknowledged += examined;
  }

  /** Ingests the numbers that were never processed; the hub has them all. */
  async repairGaps(
    { pool: database }: CrashingPool,
    events: readonly (BrokerEvent & Pick<LoggedEvent, 'topic'>)[],
  ) {
    for (const logicalTopic of RECORD_TOPICS) {
      const rules = ingestRules({ ...this.#settings, profile: canonical }, database, logicalTopic);
      const contract = { ...rules.contract, versionFirst: this.#versionFirst, ignored: IGNORED };
      const ofTopic = events.filter(({ topic }) => topic === logicalTopic);
      for (const [partition, held] of Map.groupBy(ofTopic, (event) => event.partition)) {
        const all = { from: 0, to: held.length - 1 };
        const missing = await missingNumbers(database, contract.topic, partition, all);
        const lost = held.filter(({ sequenceNumber: number }) =>
          missing.some(({ from, to }) => from <= number && number <= to),
        );
        if (lost.length === 0) continue;
        await ingest({ ...rules, contract }, lost);
        this.#delivered.acknowledged += lost.length;
      }
    }
  }

  get #versionFirst(): boolean {
    return this.#settings.profile.topics.ledger.precedence[0] === 'version';
  }

  async #merge<T extends DumpTopic>(
    { pool: database }: CrashingPool,
    { topic, asOf }: HistoryDump & { topic: T },
    lines: readonly DumpLine[],
    firstLine: number,
  ): Promise<void> {
    const { contract } = ingestRules(this.#settings, database, topic);
    const { maxClockSkew } = this.#settings;
    const window = {
      asOf: START + asOf * 1000,
      maxClockSkew,
      since: null,
      until: null,
      by: 'business_time',
    } as const;
    const plan: MergePlan<T> = {
      contract: contract as DumpContract<T>,
      window,
      database,
      backfillId: 'convergence',
      created: new CreatedRange(),
    };
    const rows = lines.map((line) => {
      const moved = { ...line, line: line.line + firstLine - 1 };
      const record = readRecord(plan.contract, window, moved);
      if ('record' in record) return record;
      throw new assert.AssertionError({ message: `line ${line.line} is rejected: ${record.detail}` });
    });
    const counts = { read: lines.length, outside: 0, rejected: 0 };
    const batch = { from: firstLine, to: firstLine + lines.length - 1, rows, counts };
    await mergeRecords(plan, batch, lines.length % 2 === 0);
  }
}

/** Knows the amount by another name as well, and ignores tombstones. */
function mendedProfile(versionFirst: boolean): Profile {
  const topics = Object.entries(canonical.topics).map(([name, topic]) => [
    name,
    {
      ...topic,
      ignored: [...IGNORED, 'tombstones'],
      precedence: versionFirst ? ['version', 'updated_at'] : ['updated_at', 'version'],
      aliases: name === 'ledger' ? { ...topic.aliases, amount: ['value'] } : topic.aliases,
    },
  ]);
  return parseProfile({ id: 'mended-v1', topics: Object.fromEntries(topics) }, 'mended-v1');
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
