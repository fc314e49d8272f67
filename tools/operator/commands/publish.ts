import { setTimeout as delay } from 'node:timers/promises';
import { Command, Option } from 'commander';
import type { LogicalTopic } from '../../../shared/contracts/fields.ts';
import { type HubAccess, hubAccess } from '../../../shared/settings/eventHubsConnection.ts';
import { inEnvelope, unwritten } from '../../proof/synthetic/envelope.ts';
import type { EventPublisher } from '../../proof/synthetic/publish.ts';
import { PublishError } from '../../proof/synthetic/publishError.ts';
import { Random } from '../../proof/synthetic/random.ts';
import { SCENARIOS, scenarioEvents } from '../../proof/synthetic/scenarios.ts';
import { localCloudFrom } from '../../target/localCloud.ts';
import { hubReader, namespaceRequired, targetSettings } from '../../target/target.ts';
import { confirmElsewhere } from '../../target/targetLine.ts';
import { Complaint, EXIT } from '../../terminal/exit.ts';
import { seedOption, wholeNumber } from '../../terminal/options.ts';
import { writeResult } from '../../terminal/output.ts';
import { untilStopped } from '../../terminal/untilStopped.ts';

interface Options {
  scenario: string;
  count: number;
  seed: number;
  rate?: number;
  kafka?: boolean;
  login?: 'token' | 'key';
  yes?: boolean;
  json?: boolean;
}

export function publishCommand(): Command {
  const meanings = Object.entries(SCENARIOS).map(([name, { meaning }]) => `  ${name.padEnd(16)} ${meaning}`);
  return new Command('publish')
    .description('Publishes synthetic payments to the hubs: for tests, never where real ones are.')
    .addOption(
      new Option('--scenario <name>', 'what happens to the payments')
        .choices([...Object.keys(SCENARIOS), 'mixed'])
        .default('happy'),
    )
    .option('--count <n>', 'events', wholeNumber(1), 100)
    .addOption(seedOption())
    .option('--rate <n>', 'events per second; left out: as fast as they are accepted', wholeNumber(1))
    .option('--kafka', 'through a Kafka client, as payment services do, instead of the Event Hubs client')
    .addOption(
      new Option('--login <how>', 'with --kafka: OAUTHBEARER with a token, or PLAIN with a key').choices([
        'token',
        'key',
      ]),
    )
    .option('--yes', 'do not ask where that is another machine')
    .option('--json', 'write JSON')
    .addHelpText(
      'after',
      `\nScenarios:\n${meanings.join('\n')}\n  mixed            everything at once, in known shares

With --kafka: port 9093 of the namespace with TLS, or the local cloud at 127.0.0.1:9092 (LOCAL_KAFKA_PORT) without.
Where EventHubs__fullyQualifiedNamespace is set, it logs in by OAUTHBEARER: a token of whoever is signed in (az login), for
the scope https://NAMESPACE/.default. Its role has to be Azure Event Hubs Data Sender. With a connection string it logs in
by PLAIN; --login token makes it try OAUTHBEARER on the local cloud, with a token of a test issuer.`,
    )
    .action((options: Options) => publish(options));
}

async function publish({
  scenario,
  count,
  seed,
  rate,
  kafka = false,
  login,
  yes,
  json = false,
}: Options): Promise<void> {
  if (login !== undefined && !kafka) throw new Complaint('--login is for --kafka.');
  const settings = targetSettings();
  const { topics, profile } = settings;
  const problem = unwritten(profile);
  if (problem !== undefined) throw new Complaint(problem);
  const eventHubs = namespaceRequired(settings.eventHubs);
  await confirmElsewhere(settings, 'publish synthetic payments to these hubs', yes);
  // The publisher's client would try for minutes.
  if (!kafka) await hubReader(eventHubs).heldNumbers(topics.ledger);
  const access = await hubAccess(eventHubs);
  const stopped = untilStopped();
  const publisher = kafka ? await kafkaPublisher(access, login, topics) : await amqpPublisher(access, topics);
  const byTopic: Record<string, number> = {};
  try {
    const startedAt = performance.now();
    let sent = 0;
    for (const event of scenarioEvents(scenario, new Random(seed), String(seed), () => Date.now())) {
      if (sent === count || stopped.aborted) break;
      if (!publisher.takes(event)) continue;
      await publisher.publish(inEnvelope(event, profile));
      sent++;
      byTopic[topics[event.topic]] = (byTopic[topics[event.topic]] ?? 0) + 1;
      if (rate !== undefined) await delay(Math.max(0, startedAt + (sent * 1000) / rate - performance.now()));
    }
    await publisher.flush();
    writeResult({ scenario, seed, published: publisher.published, ...byTopic }, { json });
    if (stopped.aborted) process.exitCode = EXIT.stopped;
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    console.error(error.message);
    process.exitCode = EXIT.service;
  } finally {
    await publisher.close();
  }
}

/** Loaded only where it is wanted: other commands do not wait for the Kafka client. */
/** Loads the client of Event Hubs, which the other commands start without. */
async function amqpPublisher(
  access: HubAccess,
  topics: Readonly<Record<LogicalTopic, string>>,
): Promise<EventPublisher> {
  const { Publisher } = await import('../../proof/synthetic/publish.ts');
  return new Publisher(access, topics);
}

async function kafkaPublisher(
  access: HubAccess,
  login: Options['login'],
  topics: Readonly<Record<LogicalTopic, string>>,
): Promise<EventPublisher> {
  const { emulatorAddress, isEmulator, kafkaAddress, KafkaPublisher, testIssuer } = await import(
    '../../proof/synthetic/kafkaPublisher.ts'
  );
  const { kafkaPort } = localCloudFrom(process.env).eventHubs;
  if (typeof access !== 'string') {
    if (login === 'key') throw new Complaint('--login key needs a connection string in EventHubs.');
  } else if (login === 'token') {
    if (!isEmulator(access)) {
      throw new Complaint(
        '--login token needs EventHubs__fullyQualifiedNamespace instead of a connection string in EventHubs.',
      );
    }
    return new KafkaPublisher(emulatorAddress(kafkaPort, testIssuer()), topics);
  }
  return new KafkaPublisher(kafkaAddress(access, kafkaPort), topics);
}
