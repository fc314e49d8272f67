import type { EnvelopeStep } from '../../shared/contracts/envelope.ts';
import type { LogicalTopic } from '../../shared/contracts/fields.ts';
import type { Profile } from '../../shared/contracts/profile.ts';
import { eventSchema, hubOf, topicsRead } from './eventSchema.ts';
import type { JsonSchema } from './kinds.ts';
import { TOPICS } from './meanings.ts';

/** A message that is good under `canonical-v1`, and so under every profile once it is in its envelope. */
export interface Example {
  readonly name: string;
  readonly summary: string;
  readonly payload: { readonly [member: string]: unknown };
}

const FUNCTION: Readonly<Record<LogicalTopic, string>> = {
  ledger: 'ledgerIngest',
  payment_order: 'orderIngest',
  pair: 'pairIngest',
  control: 'controlIngest',
};

const ref = (path: string) => ({ $ref: `#/${path}` });

/** The AsyncAPI 3 document of the topics that a profile reads. */
export function asyncApiDocument(
  profile: Profile,
  examples: Readonly<Record<LogicalTopic, readonly Example[]>>,
): JsonSchema {
  const topics = topicsRead(profile);
  const schemas = topics.map((topic) => [topic, eventSchema(profile, topic)] as const);
  const kinds = Object.assign({}, ...schemas.map(([, { $defs }]) => $defs)) as JsonSchema;
  return {
    asyncapi: '3.1.0',
    info: {
      title: `Backoffice sync, profile ${profile.id}`,
      version: '1.0.0',
      description:
        'The topics that the sync reads, and what it asks of those who publish them. Delivery is at least once, in any ' +
        'order; every event carries the whole current state of its record, and is published after the transaction has been ' +
        'committed. What breaks a rule of its schema becomes a dead letter, with the reason.',
    },
    defaultContentType: 'application/json',
    servers: SERVERS,
    channels: Object.fromEntries(topics.map((topic) => [topic, channel(profile, topic)])),
    operations: Object.fromEntries(topics.map((topic) => [FUNCTION[topic], operation(topic)])),
    components: {
      messages: Object.fromEntries(
        topics.map((topic) => [
          TOPICS[topic].title,
          message(
            topic,
            examples[topic].map((example) => inEnvelope(profile, topic, example)),
          ),
        ]),
      ),
      schemas: {
        ...Object.fromEntries(schemas.map(([topic, schema]) => [topic, asComponent(schema)])),
        ...kinds,
        headers: HEADERS,
      },
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

const NAMESPACE = {
  namespace: { default: 'NAMESPACE', description: 'The Event Hubs namespace.' },
};

const SERVERS: JsonSchema = {
  kafka: {
    host: '{namespace}.servicebus.windows.net:9093',
    protocol: 'kafka-secure',
    title: 'Event Hubs, Kafka endpoint',
    description: 'SASL_SSL. A request has at most 1,046,528 bytes: lower max.request.size to 1000000.',
    variables: NAMESPACE,
    security: [ref('components/securitySchemes/entraKafka')],
  },
  amqp: {
    host: '{namespace}.servicebus.windows.net:5671',
    protocol: 'amqps',
    protocolVersion: '1.0',
    title: 'Event Hubs, AMQP 1.0',
    description: 'With TLS; the clients of Event Hubs use it.',
    variables: NAMESPACE,
    security: [ref('components/securitySchemes/entra')],
  },
  localKafka: {
    host: '127.0.0.1:9092',
    protocol: 'kafka',
    title: 'Local cloud, Kafka endpoint',
    description: 'Runs with npm start. SASL_PLAINTEXT, for producers only.',
    security: [ref('components/securitySchemes/connectionString')],
  },
  localAmqp: {
    host: '127.0.0.1:5672',
    protocol: 'amqp',
    protocolVersion: '1.0',
    title: 'Local cloud, AMQP 1.0',
    description: 'Runs with npm start. Without TLS.',
    security: [ref('components/securitySchemes/sharedAccessKey')],
  },
};

const SECURITY_SCHEMES: JsonSchema = {
  connectionString: {
    type: 'plain',
    description: 'SASL PLAIN: user $ConnectionString, the connection string of the local cloud as password.',
  },
  sharedAccessKey: { type: 'userPassword', description: 'The connection string of the local cloud.' },
  entra: entra(
    'A Microsoft Entra token of an identity that may send to the topic: the role Azure Event Hubs Data Sender.',
    'https://eventhubs.azure.net/.default',
  ),
  entraKafka: entra(
    'SASL OAUTHBEARER with a Microsoft Entra token of an identity that may send to the topic: the role Azure Event Hubs Data ' +
      'Sender. The token is for the namespace itself.',
    'https://{namespace}.servicebus.windows.net/.default',
  ),
};

function entra(description: string, scope: string): JsonSchema {
  const tokenUrl = 'https://login.microsoftonline.com/organizations/oauth2/v2.0/token';
  return {
    type: 'oauth2',
    description,
    flows: { clientCredentials: { tokenUrl, availableScopes: { [scope]: 'Event Hubs' } } },
  };
}

const HEADERS: JsonSchema = {
  type: 'object',
  description: 'Kafka headers, or application properties of AMQP. None is required.',
  properties: {
    'x-correlation-id': {
      type: 'string',
      description:
        'Follows the event into logs and dead letters: printable characters, cut to 128. correlation-id and correlation_id ' +
        'are taken where it is missing; the case of the name does not matter.',
      examples: ['7c9e6679-7425-40de-944b-e07fc1f90ae7'],
    },
  },
};

function channel(profile: Profile, topic: LogicalTopic): JsonSchema {
  const address = hubOf(profile, topic);
  const { title, summary } = TOPICS[topic];
  return {
    address,
    title: address,
    summary,
    messages: { [title]: ref(`components/messages/${title}`) },
    bindings: { kafka: { topic: address, bindingVersion: '0.5.0' } },
  };
}

function operation(topic: LogicalTopic): JsonSchema {
  const { title, key } = TOPICS[topic];
  return {
    action: 'receive',
    channel: ref(`channels/${topic}`),
    title: FUNCTION[topic],
    summary: `The function ${FUNCTION[topic]} reads the events.`,
    description:
      `Of each ${key} the newest state is kept, also when it arrives first, twice, or in the same batch as another. An event ` +
      'ends as applied, stale, duplicate, conflict or dead letter, and in nothing else.',
    messages: [ref(`channels/${topic}/messages/${title}`)],
  };
}

function message(topic: LogicalTopic, examples: readonly Example[]): JsonSchema {
  const { title, summary, key } = TOPICS[topic];
  return {
    name: title,
    title,
    summary,
    contentType: 'application/json',
    headers: ref('components/schemas/headers'),
    payload: ref(`components/schemas/${topic}`),
    correlationId: { location: '$message.header#/x-correlation-id', description: 'See the headers.' },
    bindings: {
      kafka: {
        key: {
          type: 'string',
          description:
            `The ${key} of the payload, as UTF-8 text: so that the broker keeps the events of a record in order. With AMQP it ` +
            'is the partition key. Another key is counted (consumer_key_mismatch_total), and does no harm to the tables.',
        },
        bindingVersion: '0.5.0',
      },
    },
    examples,
  };
}

function inEnvelope(profile: Profile, topic: LogicalTopic, { payload, ...rest }: Example): Example {
  const path = profile.topics[topic].envelope ?? [];
  return { ...rest, payload: inMembers(path, payload) };
}

function inMembers(path: readonly EnvelopeStep[], payload: unknown): Example['payload'] {
  const message = path.reduceRight<unknown>(
    (inner, step) => (typeof step === 'string' ? { [step]: inner } : JSON.stringify(inner)),
    payload,
  );
  return message as Example['payload'];
}

/** The schema within the document: its definitions are components, and the document has a dialect of its own. */
function asComponent({ $schema: _dialect, $defs: _kinds, ...schema }: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema;
}
