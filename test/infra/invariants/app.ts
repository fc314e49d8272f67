import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONNECTIONS, connectionsOf } from '../../../infra/prediction/connections.ts';
import { REPLAY_QUEUE } from '../../../shared/replay/request.ts';
import { readSettings, SettingsError } from '../../../shared/settings/settings.ts';
import { appSettings, type Invariant, ofType, TYPES, theOnly } from './invariant.ts';

/** Settings that Flex Consumption refuses, or that belong to other plans. */
const FORBIDDEN =
  /^(FUNCTIONS_WORKER_RUNTIME|FUNCTIONS_EXTENSION_VERSION|FUNCTIONS_WORKER_PROCESS_COUNT|WEBSITE_.*|SCM_DO_BUILD_DURING_DEPLOYMENT|ENABLE_ORYX_BUILD|TZ)$/;
const NODE_ARGUMENTS = 'languageWorkers__node__arguments';
/** Settings that the product does not read in `readSettings`: the host's own, where telemetry goes, and which identity to use. */
const READ_ELSEWHERE = [
  'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
  'APPLICATIONINSIGHTS_CONNECTION_STRING',
  'AZURE_CLIENT_ID',
  'AzureWebJobsStorage__clientId',
  'AzureWebJobsStorage__credential',
  'EventHubs__clientId',
  'EventHubs__credential',
];
/** Settings of the host that may be left out. */
const OPTIONAL = [NODE_ARGUMENTS];
/** With one of these left out, the product has to refuse the start: else it would run on a default that nobody chose. */
const REQUIRED = [
  'AzureWebJobsStorage__accountName',
  'EventHubs__fullyQualifiedNamespace',
  'EVENT_HUBS_CONSUMER_GROUP',
  'PGHOST',
  'PGDATABASE',
  'PGUSER',
];
/**
 * What of a site Flex Consumption takes, as far as we use it. It refuses the rest of siteConfig that belongs to other plans with
 * error 51021: ftpsState, alwaysOn, use32BitWorkerProcess, netFrameworkVersion, linuxFxVersion, preWarmedInstanceCount,
 * functionAppScaleLimit, functionsRuntimeScaleMonitoringEnabled, vnetRouteAllEnabled and so on.
 */
const SITE = [
  'functionAppConfig',
  'httpsOnly',
  'publicNetworkAccess',
  'serverFarmId',
  'siteConfig',
  'virtualNetworkSubnetId',
];
const SITE_CONFIG = ['appSettings', 'minTlsVersion', 'scmMinTlsVersion'];
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export const nothingThatFlexForbids: Invariant = (prediction) => [
  ...Object.keys(appSettings(prediction))
    .filter((name) => FORBIDDEN.test(name))
    .map((name) => `setting ${name} is not for Flex Consumption`),
  ...ofType(prediction, TYPES.site)
    .flatMap(({ properties = {} }) => [
      ...others(properties, SITE),
      ...others(properties['siteConfig'], SITE_CONFIG).map((name) => `siteConfig.${name}`),
    ])
    .map((name) => `the site has ${name}, which Flex Consumption may refuse`),
  ...ofType(prediction, 'Microsoft.Web/sites/config').map(
    ({ name }) => `configuration ${name} beside the site`,
  ),
  ...ofType(prediction, 'Microsoft.Web/sites/slots').map(({ name }) => `slot ${name}`),
  ...ofType(prediction, TYPES.diagnostics)
    .filter(({ id }) => /\/(sites|serverfarms)\//.test(id))
    .map(() => 'diagnostic settings on the site'),
];

function others(properties: object, known: readonly string[]): string[] {
  return Object.keys(properties).filter((name) => !known.includes(name));
}

/**
 * Arguments of Node only where instances are kept: with them the host does not take the worker that was started ahead, which would
 * lengthen each cold start.
 */
export const nodeArgumentsNeedKeptInstances: Invariant = (prediction) => {
  const { alwaysReady } =
    theOnly(prediction, TYPES.site).properties?.['functionAppConfig'].scaleAndConcurrency ?? {};
  return NODE_ARGUMENTS in appSettings(prediction) && alwaysReady.length === 0
    ? [`${NODE_ARGUMENTS}, and no instance is kept`]
    : [];
};

/** Node 24 on Flex Consumption, with the app's identity, and instances kept only of functions that there are. */
export const flexConsumption: Invariant = (prediction) => {
  const plan = theOnly(prediction, TYPES.plan);
  const site = theOnly(prediction, TYPES.site);
  const { deployment, runtime, scaleAndConcurrency } = site.properties?.['functionAppConfig'] ?? {};
  const identities = Object.keys(site.identity?.['userAssignedIdentities'] ?? {});
  const account = theOnly(prediction, TYPES.storage).name;
  const container = ofType(prediction, `${TYPES.storage}/blobServices/containers`)[0]?.name.split('/').at(-1);
  const kept: { name: string }[] = scaleAndConcurrency?.alwaysReady ?? [];
  return [
    ...(plan.sku?.['name'] === 'FC1' && plan.properties?.['reserved'] === true
      ? []
      : ['the plan is not Flex Consumption']),
    ...(runtime?.name === 'node' && runtime?.version === '24' ? [] : ['the runtime is not Node 24']),
    ...(site.identity?.['type'] === 'UserAssigned' && identities.length === 1
      ? []
      : ['the app has not exactly one user-assigned identity']),
    ...(deployment?.storage.authentication.userAssignedIdentityResourceId === identities[0]
      ? []
      : ['the package is not fetched by the identity of the app']),
    ...(deployment?.storage.value === `https://${account}.blob.core.windows.net/${container}`
      ? []
      : ['the package has no container']),
    ...kept
      .filter(({ name }) => !functionNames().some((known) => name === `function:${known}`))
      .map(({ name }) => `instances are kept for ${name}, which does not exist`),
  ];
};

/** As `functions/` registers them. */
function functionNames(): string[] {
  return globSync(join(ROOT, 'functions', '*.ts')).flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/app\.\w+\('(\w+)'/g)].map(([, name]) => name!),
  );
}

/** The settings are those that the product reads, all of them and no other, and it takes them. */
export const settingsAreThoseOfTheProduct: Invariant = (prediction) => {
  const settings = appSettings(prediction);
  const read = new Set<string>();
  const recorded = new Proxy(settings, {
    get(target, name: string) {
      read.add(name);
      return target[name];
    },
  });
  const problems = refusals(recorded);
  for (const name of Object.keys(settings)) {
    if (!read.has(name) && ![...READ_ELSEWHERE, ...OPTIONAL].includes(name))
      problems.push(`nobody reads ${name}`);
  }
  for (const name of REQUIRED) {
    const { [name]: _, ...others } = settings;
    if (refusals(others).length === 0) problems.push(`the app starts without ${name}`);
  }
  const identity = theOnly(prediction, 'Microsoft.ManagedIdentity/userAssignedIdentities');
  if (settings['PGUSER'] !== identity.name) problems.push('PGUSER is not the identity of the app');
  if (settings['DATABASE_AUTH'] !== 'entra') problems.push('the database is not reached by identity');
  for (const name of READ_ELSEWHERE) {
    if (!settings[name]) problems.push(`${name} is missing`);
  }
  for (const name of ['AzureWebJobsStorage__clientId', 'EventHubs__clientId', 'AZURE_CLIENT_ID']) {
    if (!settings[name]?.includes(`/userAssignedIdentities/${identity.name}'`)) {
      problems.push(`${name} is not the identity of the app`);
    }
  }
  return problems;
};

function refusals(environment: Record<string, string>): string[] {
  try {
    readSettings(environment);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return [...error.problems];
    throw error;
  }
}

/** User ids never leave Cloud-Secure as they came. */
export const userIdsAreHashed: Invariant = (prediction, meant) =>
  meant.profile === 'cloud-test' || appSettings(prediction)['USER_ID_MODE'] === 'hmac'
    ? []
    : ['USER_ID_MODE is not hmac'];

/** The hubs that the settings name, with the consumer group of the app; the queue of replay requests, and its poison queue. */
export const hubsAndQueues: Invariant = (prediction, meant) => {
  const settings = appSettings(prediction);
  const topics = ['LEDGER_TOPIC', 'PAYMENT_ORDER_TOPIC', 'PAIR_TOPIC', 'CONTROL_TOPIC']
    .map((name) => settings[name] ?? '')
    .filter((topic) => topic !== '');
  const namespace = settings['EventHubs__fullyQualifiedNamespace']?.replace(
    /\.servicebus\.windows\.net$/,
    '',
  );
  const groups = ofType(prediction, TYPES.consumerGroup).map(({ name }) => name);
  const hubs = ofType(prediction, TYPES.hub);
  const queues = ofType(prediction, `${TYPES.storage}/queueServices/queues`).map(({ name }) =>
    name.split('/').at(-1),
  );
  return [
    ...topics
      .filter((topic) => !groups.includes(`${namespace}/${topic}/${settings['EVENT_HUBS_CONSUMER_GROUP']}`))
      .map((topic) => `hub ${topic} has no consumer group of the app`),
    ...(meant.existing.includes('namespace') ? [] : topics)
      .filter((topic) => !hubs.some(({ name }) => name === `${namespace}/${topic}`))
      .map((topic) => `there is no hub ${topic}`),
    ...hubs
      .filter(({ properties }) => !(properties?.['retentionDescription']?.retentionTimeInHours >= 24))
      .map(({ name }) => `hub ${name} keeps events for less than a day`),
    ...[REPLAY_QUEUE, `${REPLAY_QUEUE}-poison`]
      .filter((queue) => !queues.includes(queue))
      .map((queue) => `there is no queue ${queue}`),
  ];
};

/**
 * All instances of all functions together, each with its pools, fit into what the server takes; and each has two at least, for a batch and
 * what looks on.
 */
export const connectionsFit: Invariant = (prediction) => {
  const { total, limit, server } = connectionsOf(prediction);
  const pool = Number(appSettings(prediction)['DB_POOL_SIZE']);
  return [
    ...(limit === undefined ? [`how many connections ${server} takes is not known here`] : []),
    ...(limit !== undefined && total > limit
      ? [`${total} connections are more than the ${limit} of ${server}`]
      : []),
    ...(pool >= 2 ? [] : [`${pool} connections are too few for an instance`]),
    ...(CONNECTIONS.keptForOthers >= 20
      ? []
      : ['nothing is kept for operators, migrations and the Admin API']),
  ];
};
