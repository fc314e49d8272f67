import type { Prediction, Resource } from '../../../infra/prediction/prediction.ts';
import { appSettings, type Invariant, ofType, parentId, TYPES, theOnly } from './invariant.ts';

const BLOB_OWNER = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b';
const BLOB_CONTRIBUTOR = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe';
const QUEUE_CONTRIBUTOR = '974c5e8b-45b9-4653-ba55-5f855dd0fb88';
const TABLE_CONTRIBUTOR = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3';
const HUB_RECEIVER = 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde';
const HUB_SENDER = '2b629674-e913-4c01-ae53-ef4638d8f975';
const SECRETS_USER = '4633458b-17de-408a-b874-0445c86b69e6';
const METRICS_PUBLISHER = '3913510d-42f4-4e42-8a64-420c390055eb';
const WEBSITE_CONTRIBUTOR = 'de139f84-1756-47ae-9be6-808fbbe84772';

/** Which role may be given on what, to the app and to others. Whatever is not here is refused. */
const ALLOWED: readonly [scope: RegExp, app: readonly string[], others: readonly string[]][] = [
  [/\/queueServices\/default\/queues\/[^/]+$/, [QUEUE_CONTRIBUTOR], [QUEUE_CONTRIBUTOR]],
  // The checkpoints, and not the package: who may write that decides what the app runs.
  [/\/containers\/azure-webjobs-eventhub$/, [], [BLOB_CONTRIBUTOR]],
  [/\/storageAccounts\/[^/]+$/, [BLOB_OWNER, TABLE_CONTRIBUTOR], []],
  [/\/namespaces\/[^/]+\/eventhubs\/[^/]+$/, [HUB_RECEIVER], [HUB_RECEIVER, HUB_SENDER]],
  [/\/vaults\/[^/]+(\/secrets\/[^/]+)?$/, [SECRETS_USER], [SECRETS_USER]],
  [/\/components\/[^/]+$/, [METRICS_PUBLISHER], []],
  [/\/sites\/[^/]+$/, [], [WEBSITE_CONTRIBUTOR]],
];

interface Grant {
  readonly scope: string;
  readonly role: string;
  /** The identity of the Function App; else somebody who was named in a parameter. */
  readonly toApp: boolean;
  readonly principalId: string;
}

function grants(prediction: Prediction): Grant[] {
  return ofType(prediction, TYPES.role).map(({ id, properties = {} }: Resource) => ({
    scope: parentId(id),
    role: properties['roleDefinitionId'].split('/').at(-1),
    toApp: properties['principalId'].includes('.principalId]'),
    principalId: properties['principalId'],
  }));
}

/** Each role is one of a short list, on one resource, and given once. */
export const rolesAreNarrow: Invariant = (prediction, meant) => {
  const all = grants(prediction);
  const problems = all.flatMap(({ scope, role, toApp }) => {
    const rule = ALLOWED.find(([pattern]) => pattern.test(scope));
    if (rule === undefined) return [`a role is given on ${scope}`];
    const [, app, others] = rule;
    if (!(toApp ? app : others).includes(role)) return [`role ${role} is given on ${scope}`];
    // A vault of another team holds secrets that are no business of this app.
    const onWholeVault = /\/vaults\/[^/]+$/.test(scope);
    return onWholeVault && meant.existing.includes('vault') ? [`a role is given on all of ${scope}`] : [];
  });
  const seen = new Set<string>();
  for (const { scope, role, principalId } of all) {
    const grant = [scope, role, principalId].join(' ');
    if (seen.has(grant)) problems.push(`given twice: ${grant}`);
    seen.add(grant);
  }
  return problems;
};

/** Whoever may ask for replays may also move a checkpoint by hand (cli checkpoint skip): the runbook of PartitionStuck needs both. */
export const operatorsMoveCheckpoints: Invariant = (prediction) => {
  const all = grants(prediction).filter(({ toApp }) => !toApp);
  const who = (scope: RegExp, role: string) => [
    ...new Set(
      all.filter((one) => scope.test(one.scope) && one.role === role).map(({ principalId }) => principalId),
    ),
  ];
  const movers = who(/\/containers\/azure-webjobs-eventhub$/, BLOB_CONTRIBUTOR);
  return who(/\/queues\/dlq-replay$/, QUEUE_CONTRIBUTOR)
    .filter((operator) => !movers.includes(operator))
    .map((operator) => `${operator} may not move a checkpoint`);
};

/** The app may do what it does: each missing role is an app that does not start, or a batch that waits for ever. */
export const appHasItsRoles: Invariant = (prediction) => {
  const settings = appSettings(prediction);
  const account = theOnly(prediction, TYPES.storage).id;
  const namespace = settings['EventHubs__fullyQualifiedNamespace']?.split('.')[0];
  const topics = ['LEDGER_TOPIC', 'PAYMENT_ORDER_TOPIC', 'PAIR_TOPIC', 'CONTROL_TOPIC'].map(
    (name) => settings[name] ?? '',
  );
  const needed: [scope: string, role: string][] = [
    [account, BLOB_OWNER],
    [account, TABLE_CONTRIBUTOR],
    [`${account}/queueServices/default/queues/dlq-replay`, QUEUE_CONTRIBUTOR],
    [`${account}/queueServices/default/queues/dlq-replay-poison`, QUEUE_CONTRIBUTOR],
    [theOnly(prediction, TYPES.component).id, METRICS_PUBLISHER],
    ...topics
      .filter((topic) => topic !== '')
      .map((topic): [string, string] => [`/namespaces/${namespace}/eventhubs/${topic}`, HUB_RECEIVER]),
  ];
  const vault = /^https:\/\/([\w-]+)\./.exec(settings['KEY_VAULT_URL'] ?? '')?.[1];
  const secrets = ['USER_ID_KEY_SECRET', 'DLQ_SEAL_KEY_SECRET'].flatMap((name) => settings[name] ?? []);
  const given = grants(prediction).filter(({ toApp }) => toApp);
  const has = (scope: string, role: string) =>
    given.some((grant) => grant.role === role && grant.scope.endsWith(scope));
  return [
    ...needed
      .filter(([scope, role]) => !has(scope, role))
      .map(([scope, role]) => `the app has no ${role} on ${scope}`),
    ...(vault === undefined ? [] : secrets)
      .filter(
        (secret) =>
          !has(`/vaults/${vault}`, SECRETS_USER) && !has(`/vaults/${vault}/secrets/${secret}`, SECRETS_USER),
      )
      .map((secret) => `the app may not read ${secret}`),
  ];
};
