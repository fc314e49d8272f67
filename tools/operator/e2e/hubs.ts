import { setTimeout as delay } from 'node:timers/promises';
import { RECORD_TOPICS, type RecordTopic } from '../../../shared/contracts/fields.ts';
import type { HeldNumbers } from '../../../shared/replay/hubReader.ts';
import { missingNumbers } from '../../../shared/store/replay/missingNumbers.ts';
import { inEnvelope } from '../../proof/synthetic/envelope.ts';
import type { SyntheticEvent } from '../../proof/synthetic/payments.ts';
import { Random } from '../../proof/synthetic/random.ts';
import { scenarioEvents } from '../../proof/synthetic/scenarios.ts';
import type { E2eContext, Logged } from './context.ts';
import { startOfScenario } from './totals.ts';

/** The situations that an environment has to get right before its package goes on. */
export const GATE_SCENARIOS = [
  'happy',
  'duplicate',
  'out-of-order',
  'malformed',
  'late-order',
  'confirmed',
] as const;

const POLL_MS = 250;
const AT_ONCE = 16;

export interface Held extends HeldNumbers {
  readonly topic: RecordTopic;
}

function usedTopics({ settings }: E2eContext): RecordTopic[] {
  return RECORD_TOPICS.filter((topic) => settings.topics[topic] !== '');
}

/** What the hubs hold, partition by partition. */
export async function heldByAll(context: E2eContext): Promise<Held[]> {
  const { settings, hub } = context;
  const ofTopic = async (topic: RecordTopic) => {
    const held = await hub.heldNumbers(settings.topics[topic]);
    return held.map((numbers) => ({ ...numbers, topic }));
  };
  return (await Promise.all(usedTopics(context).map(ofTopic))).flat();
}

/** Publishes every scenario; returns the events by their correlation ids. */
export async function publish(context: E2eContext): Promise<Map<string, SyntheticEvent>> {
  const { publisher, settings, seed, run, events, stopped } = context;
  const published = new Map<string, SyntheticEvent>();
  const startedAt = Date.now();
  // With control totals, in windows of the run's own: nothing of it is in those of real payments.
  const createdAt = (scenario: number) =>
    settings.topics.control === ''
      ? undefined
      : (now: number) => startOfScenario(run, scenario) + 60_000 + now - startedAt;
  for (const [index, scenario] of GATE_SCENARIOS.entries()) {
    let left = events;
    for (const event of scenarioEvents(scenario, new Random(seed + index), run, Date.now, createdAt(index))) {
      if (left-- === 0 || stopped.aborted) break;
      if (!publisher.takes(event)) continue;
      published.set(await publisher.publish(inEnvelope(event, settings.profile)), event);
    }
  }
  await publisher.flush();
  return published;
}

/** The events of the run from the hubs, with the positions that the broker gave them. */
export async function readBack(
  context: E2eContext,
  before: readonly Held[],
  published: ReadonlyMap<string, SyntheticEvent>,
): Promise<Logged[]> {
  const { settings, hub } = context;
  const logged: Logged[] = [];
  const held = await heldByAll(context);
  const lastBefore = new Map(before.map(({ topic, partition, last }) => [`${topic}/${partition}`, last]));
  const read = async ({ topic, partition, last }: Held) => {
    const from = lastBefore.get(`${topic}/${partition}`)! + 1;
    if (last < from) return;
    await hub.read(settings.topics[topic], partition, { from, to: last }, async (events) => {
      for (const event of events) {
        const mine = published.get(event.correlationId ?? '');
        if (mine !== undefined) logged.push({ ...event, logicalTopic: topic, published: mine });
      }
      return true;
    });
  };
  // A hub takes some connections at once, not one for each of many partitions.
  for (let start = 0; start < held.length; start += AT_ONCE) {
    await Promise.all(held.slice(start, start + AT_ONCE).map(read));
  }
  return logged;
}

/** Events that the sync is behind the ends of the hubs. */
export async function lagOf(context: E2eContext): Promise<number> {
  const { settings, database } = context;
  let lag = 0;
  for (const { topic, partition, first, last } of await heldByAll(context)) {
    if (last < first) continue;
    const missing = await missingNumbers(database, settings.topics[topic], partition, {
      from: first,
      to: last,
    });
    const behind = missing.find(({ to }) => to === last);
    if (behind !== undefined) lag += behind.to - behind.from + 1;
  }
  return lag;
}

/** Real traffic beside the run may be on its way for a moment. */
export async function untilCaughtUp(context: E2eContext): Promise<number> {
  for (const deadline = Date.now() + 10_000; ; ) {
    const lag = await lagOf(context);
    if (lag <= context.maxLag || Date.now() > deadline) return lag;
    await delay(POLL_MS);
  }
}
