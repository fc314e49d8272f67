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
import { type Finding, ok, unknown, wrong } from './check.ts';
import { within } from './within.ts';

interface HeldHub {
  readonly topic: string;
  readonly held: readonly HeldNumbers[];
}

/** The hubs, who reads them, and how far they are. */
export async function checkHubs(settings: OperatorSettings, database: pg.Pool): Promise<Finding[]> {
  const { eventHubs, consumerGroup } = settings;
  if (eventHubs === undefined) {
    return [
      wrong(
        'hubs',
        'no namespace is named',
        'Set EventHubs, or EventHubs__fullyQualifiedNamespace, as the Function App has it.',
      ),
    ];
  }
  const topics = Object.values(settings.topics).filter((topic) => topic !== '');
  const findings: Finding[] = [];
  const hubs: HeldHub[] = [];
  await Promise.all(
    topics.map(async (topic) => {
      try {
        const held = await hubReader(eventHubs).heldNumbers(topic);
        hubs.push({ topic, held });
        findings.push(ok('hubs', `${topic}: ${held.length} partitions`));
      } catch (error) {
        if (!(error instanceof HubError)) throw error;
        findings.push(
          wrong(
            'hubs',
            error.message,
            'Is EventHubs right, is the hub there, does the network let us through?',
          ),
        );
      }
    }),
  );
  findings.sort((one, other) => (one.says < other.says ? -1 : 1));
  if (hubs.length === 0) return findings;
  if (consumerGroup === undefined) {
    findings.push(
      wrong('consumer group', 'none is named', 'Set EVENT_HUBS_CONSUMER_GROUP as the Function App has it.'),
    );
  } else {
    findings.push(await group(eventHubs, consumerGroup, hubs[0]!.topic));
    findings.push(await holders(checkpointsOf({ ...settings, eventHubs, consumerGroup }), hubs));
  }
  findings.push(await lag(database, hubs, topics));
  return findings;
}

async function group(eventHubs: EventHubsSettings, name: string, topic: string): Promise<Finding> {
  const complaint = await consumerGroupAnswers(eventHubs, name, topic);
  return complaint === undefined
    ? ok('consumer group', `${name} of ${topic} answers`)
    : wrong(
        'consumer group',
        `${name} of ${topic}: ${complaint}`,
        'Is EVENT_HUBS_CONSUMER_GROUP the one that the template made?',
      );
}

/** Each partition wants a host that has renewed its claim lately. */
async function holders(checkpoints: HostCheckpoints | undefined, hubs: readonly HeldHub[]): Promise<Finding> {
  const part = 'checkpoints';
  if (checkpoints === undefined) {
    return wrong(
      part,
      'AzureWebJobsStorage does not say where they are',
      'Set it, or AzureWebJobsStorage__accountName, as the Function App has it.',
    );
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
    if (found === undefined)
      return wrong(part, 'the storage does not answer', 'Does the network let us through?');
    const alive = found.filter(
      ({ ownership }) =>
        ownership !== undefined && ownership.owner !== '' && ownership.renewedAgo < EXPIRES_AFTER_SECONDS,
    );
    const owners = new Set(alive.map(({ ownership }) => ownership!.owner));
    const says = `${alive.length} of ${places.length} partitions are held, by ${owners.size} hosts`;
    if (alive.length === places.length) return ok(part, says);
    const [first] = found.filter((one) => !alive.includes(one));
    return wrong(
      part,
      `${says}; ${first!.topic}, partition ${first!.partition}, by none`,
      'Does the Function App run? After a crash it takes half a minute. Consumer group and storage have to be its own.',
    );
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    return wrong(part, error.message, 'Mend what it says.');
  }
}

async function lag(database: pg.Pool, hubs: readonly HeldHub[], topics: readonly string[]): Promise<Finding> {
  const limit = ALERT_FILE.alerts.find(({ name }) => name === 'ConsumerLagHigh')!.threshold;
  const ledger = await readLedger(database).catch(() => undefined);
  if (ledger === undefined) return unknown('lag', 'the database did not tell what was processed');
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
  if (gaps > 0) return wrong('lag', `${gaps} events were delivered past us`, 'npm run cli -- gaps --repair');
  const says = `${waiting.toLocaleString('en-US')} events wait`;
  return waiting > limit
    ? wrong('lag', `${says}, more than ${limit}`, 'docs/runbooks/alerts/consumer-lag-high.md')
    : ok('lag', says);
}
