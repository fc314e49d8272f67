import type pg from 'pg';
import { ALERT_FILE } from '../../../infra/alerts/alerts.ts';
import { CheckpointError, type HostCheckpoints } from '../../../shared/checkpoints/hostCheckpoints.ts';
import { checkpointsOf } from '../../../shared/checkpoints/ofSettings.ts';
import { EXPIRES_AFTER_SECONDS } from '../../../shared/metrics/holders.ts';
import { partitionStates } from '../../../shared/metrics/partitions.ts';
import { type HeldNumbers, HubError } from '../../../shared/replay/hubReader.ts';
import type { EventHubsSettings } from '../../../shared/settings/eventHubsConnection.ts';
import type { OperatorSettings } from '../../../shared/settings/settings.ts';
import { readLedger } from '../../../shared/store/metrics/readLedger.ts';
import { consumerGroupAnswers, hubReader } from '../../target/target.ts';
import { type Finding, ok, type SayFinding, unknown, wrong } from './check.ts';
import { within } from './within.ts';

interface HeldHub {
  readonly topic: string;
  readonly held: readonly HeldNumbers[];
}

/** The hubs, who reads them, and how far they are. */
export async function checkHubs(
  settings: OperatorSettings,
  database: pg.Pool,
  say: SayFinding,
): Promise<Finding[]> {
  const { eventHubs, consumerGroup } = settings;
  if (eventHubs === undefined) {
    return [wrong('hubs', say('noNamespace'), say('noNamespaceTodo'))];
  }
  const topics = Object.values(settings.topics).filter((topic) => topic !== '');
  const findings: Finding[] = [];
  const hubs: HeldHub[] = [];
  await Promise.all(
    topics.map(async (topic) => {
      try {
        const held = await hubReader(eventHubs).heldNumbers(topic);
        hubs.push({ topic, held });
        findings.push(ok('hubs', say('hub', { topic, count: held.length })));
      } catch (error) {
        if (!(error instanceof HubError)) throw error;
        findings.push(wrong('hubs', error.message, say('hubTodo')));
      }
    }),
  );
  findings.sort((one, other) => (one.says < other.says ? -1 : 1));
  if (hubs.length === 0) return findings;
  if (consumerGroup === undefined) {
    findings.push(wrong('consumer group', say('noGroup'), say('noGroupTodo')));
  } else {
    findings.push(await group(eventHubs, consumerGroup, hubs[0]!.topic, say));
    findings.push(await holders(checkpointsOf({ ...settings, eventHubs, consumerGroup }), hubs, say));
  }
  findings.push(await lag(database, hubs, topics, say));
  return findings;
}

async function group(
  eventHubs: EventHubsSettings,
  name: string,
  topic: string,
  say: SayFinding,
): Promise<Finding> {
  const complaint = await consumerGroupAnswers(eventHubs, name, topic);
  return complaint === undefined
    ? ok('consumer group', say('group', { name, topic }))
    : wrong('consumer group', say('groupWrong', { name, topic, complaint }), say('groupTodo'));
}

/** Each partition wants a host that has renewed its claim lately. */
async function holders(
  checkpoints: HostCheckpoints | undefined,
  hubs: readonly HeldHub[],
  say: SayFinding,
): Promise<Finding> {
  const part = 'checkpoints';
  if (checkpoints === undefined) {
    return wrong(part, say('noStorage'), say('noStorageTodo'));
  }
  const places = hubs.flatMap(({ topic, held }) => held.map(({ partition }) => ({ topic, partition })));
  try {
    const found = await within(
      Promise.all(
        places.map(async (place) => ({
          ...place,
          ownership: await checkpoints.ownership(place.topic, place.partition),
        })),
      ),
    );
    if (found === undefined) return wrong(part, say('storageSilent'), say('networkTodo'));
    const alive = found.filter(
      ({ ownership }) =>
        ownership !== undefined && ownership.owner !== '' && ownership.renewedAgo < EXPIRES_AFTER_SECONDS,
    );
    const owners = new Set(alive.map(({ ownership }) => ownership!.owner));
    const counts = { held: alive.length, count: places.length, hosts: owners.size };
    if (alive.length === places.length) return ok(part, say('held', counts));
    const [first] = found.filter((one) => !alive.includes(one));
    return wrong(
      part,
      say('heldByNone', { ...counts, topic: first!.topic, partition: first!.partition }),
      say('heldTodo'),
    );
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    return wrong(part, error.message, say('mendTodo'));
  }
}

async function lag(
  database: pg.Pool,
  hubs: readonly HeldHub[],
  topics: readonly string[],
  say: SayFinding,
): Promise<Finding> {
  const limit = ALERT_FILE.alerts.find(({ name }) => name === 'ConsumerLagHigh')!.threshold;
  const ledger = await readLedger(database).catch(() => undefined);
  if (ledger === undefined) return unknown('lag', say('lagUnknown'));
  const partitions = hubs.flatMap(({ topic, held }) =>
    held.map(({ partition, first, last }) => ({
      topic,
      partition,
      beginning: first,
      last,
      isEmpty: last < first,
    })),
  );
  const states = partitionStates(
    ledger,
    { partitions, createdAt: new Map(), unreachable: new Map() },
    topics,
  );
  const waiting = states.reduce((sum, state) => sum + (state.lag ?? 0), 0);
  const gaps = states.reduce((sum, { gap }) => sum + (gap?.events ?? 0), 0);
  if (gaps > 0) return wrong('lag', say('gaps', { count: gaps }), say('gapsTodo'));
  const count = waiting.toLocaleString('en-US');
  return waiting > limit
    ? wrong('lag', say('lagHigh', { count, limit }), say('lagTodo'))
    : ok('lag', say('lag', { count }));
}
