import assert from 'node:assert/strict';
import type { BrokerEvent } from '../../shared/ingest/brokerEvent.ts';
import { ingest } from '../../shared/ingest/ingest.ts';
import { sweepSettlements } from '../../shared/store/settlement/sweepSettlements.ts';
import { failureKind } from '../../shared/store/sqlstates.ts';
import type { LoggedEvent } from '../../tools/proof/brokerLog.ts';
import { rulesFor } from '../../tools/proof/exampleEvents.ts';
import type { CrashingPool } from './crashingPool.ts';
import { type Delivered, type History, IGNORED } from './history.ts';
import { type PlannedBatch, plan } from './plan.ts';
import { Recovery } from './recovery.ts';

const SWEEP_MS = 10_000;

/** Delivers a history, each writer on a connection of its own, all at once. */
export async function deliver(
  history: History,
  log: readonly LoggedEvent[],
  writers: readonly CrashingPool[],
): Promise<Delivered> {
  const delivered: Delivered = { acknowledged: 0, unanswered: 0, crashes: [] };
  const write = async (writer: CrashingPool, batch: PlannedBatch, indexes: readonly number[]) => {
    const events = indexes.map((index) => brokerEvent(log[index]!));
    const { versionFirst } = history;
    const result = await ingest(
      rulesFor(writer.pool, batch.topic, { versionFirst, ignored: IGNORED }),
      events,
    );
    const sum = Object.values(result.outcomes).reduce((total, count) => total + count, 0);
    assert.equal(sum, events.length, 'the outcomes of a batch add up');
    delivered.acknowledged += events.length;
  };
  const deliverBatch = async (writer: CrashingPool, batch: PlannedBatch) => {
    const { crash, events, cut = 0 } = batch;
    if (crash === undefined) return await write(writer, batch, events);
    try {
      await writer.crashing(crash, () => write(writer, batch, events));
    } catch (error) {
      if (failureKind(error) !== 'infrastructure' || error instanceof assert.AssertionError) throw error;
      delivered.unanswered += events.length;
      delivered.crashes.push(crash.kind);
      for (const part of [events.slice(0, cut), events.slice(cut)]) {
        if (part.length > 0) await write(writer, batch, part);
      }
    }
  };
  const recovery = new Recovery(history, delivered);
  await Promise.all(
    plan(history).map(async (steps, number) => {
      const writer = writers[number]!;
      for (const step of steps) {
        if (step.kind === 'batch') await deliverBatch(writer, step);
        else if (step.kind === 'dump') await recovery.load(writer, step.dump, step.firstLine);
        else if (step.kind === 'sweep') await sweepSettlements(writer.pool, SWEEP_MS);
        else await recovery.replay(writer);
      }
    }),
  );
  const [writer] = writers;
  await recovery.repairGaps(writer!, log.map(brokerEvent));
  await recovery.replay(writer!);
  return delivered;
}

function brokerEvent(event: LoggedEvent): BrokerEvent & Pick<LoggedEvent, 'topic'> {
  const { topic, body, partition, sequenceNumber } = event;
  const enqueuedAt = event.enqueuedAt * 1000;
  return { topic, body, partition, sequenceNumber, enqueuedAt, offset: '0', key: null, correlationId: null };
}
