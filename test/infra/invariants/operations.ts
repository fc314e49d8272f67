import { ALERT_FILE, PLATFORM_FILE } from '../../../infra/alerts/alerts.ts';
import { CONNECTIONS } from '../../../infra/prediction/connections.ts';
import { METRICS } from '../../../shared/metrics/catalogue.ts';
import { each, type Invariant, ofType, parentId, TYPES, theOnly } from './invariant.ts';

/** A rule for each alert, as the file says it for this profile; every metric that is named is in the catalogue. */
export const alertsFollowTheFile: Invariant = (prediction, { profile }) => {
  const rules = ofType(prediction, TYPES.alert);
  const problems = ALERT_FILE.alerts.flatMap((alert) => {
    const rule = rules.find(({ properties }) => properties?.['displayName'] === alert.name)?.properties;
    if (rule === undefined) return [`${alert.name} has no rule`];
    const wanted = { enabled: true, ...alert, ...ALERT_FILE.profiles[profile]?.[alert.name] };
    const criterion = rule['criteria'].allOf[0];
    const pairs: [member: string, is: unknown, wanted: unknown][] = [
      ['severity', rule['severity'], wanted.severity],
      ['enabled', rule['enabled'], wanted.enabled],
      ['window', rule['windowSize'], `PT${wanted.windowMinutes}M`],
      ['frequency', rule['evaluationFrequency'], `PT${ALERT_FILE.frequencyMinutes}M`],
      ['query', criterion.query, alert.query],
      ['operator', criterion.operator, alert.operator],
      ['aggregation', criterion.timeAggregation, alert.operator === 'GreaterThan' ? 'Maximum' : 'Minimum'],
      ['measure', criterion.metricMeasureColumn, 'value'],
      ['threshold', criterion.threshold, wanted.threshold],
      [
        'dimensions',
        criterion.dimensions.map(({ name }: { name: string }) => name).join(),
        alert.dimensions.join(),
      ],
      ['runbook', rule['actions'].customProperties.runbook.endsWith(alert.runbook), true],
      ['resolution', rule['autoMitigate'], true],
    ];
    return pairs
      .filter(([, is, wanted]) => is !== wanted)
      .map(([member, is, wanted]) => `${alert.name}: ${member} is ${is}, not ${wanted}`);
  });
  if (rules.length !== ALERT_FILE.alerts.length + PLATFORM_FILE.logs.length)
    problems.push('there are rules that the file does not have');
  return [
    ...problems,
    ...each(
      rules,
      ({ actions, scopes }) =>
        /\/actionGroups\/[^/]+$/.test(actions.actionGroups[0] ?? '') &&
        /\/workspaces\/[^/]+$/.test(scopes[0] ?? ''),
      'tells nobody, or asks no workspace',
    ),
  ];
};

/** What Azure refuses in the query of a rule of every minute; `let` would be a second table, or hides one. */
const NOT_EVERY_MINUTE =
  /\b(join|lookup|union|search|find|take|limit|let|materialize|ingestion_time|adx|workspace|app|resource)\b/;

/** A rule that is evaluated every minute reads one table, once. Azure refuses others with "One-minute frequency is not supported". */
export const oneMinuteQueriesReadOneTable: Invariant = (prediction) =>
  each(
    ofType(prediction, TYPES.alert).filter(
      ({ properties }) => properties?.['evaluationFrequency'] === 'PT1M',
    ),
    ({ criteria }) => {
      const query: string = criteria.allOf[0].query;
      return !NOT_EVERY_MINUTE.test(query) && query.match(/\b(App|Storage|Azure)[A-Z]\w+/g)?.length === 1;
    },
    'is evaluated every minute, and its query is more than one table',
  );

/** The targets of platform.json by their resource type. */
const TARGETS = { app: TYPES.site, database: TYPES.database, namespace: TYPES.namespace } as const;

/** Alerts that need no code of ours, as platform.json says them; on another team's namespace its owner has them. */
export const platformIsWatched: Invariant = (prediction) => {
  const alerts = ofType(prediction, TYPES.metricAlert);
  const limit = CONNECTIONS.ofServer[theOnly(prediction, TYPES.database).sku?.['name']] ?? Number.NaN;
  const wanted = PLATFORM_FILE.metrics.filter(({ target }) => ofType(prediction, TARGETS[target]).length > 0);
  const problems = wanted.flatMap((alert) => {
    const made = alerts.find(({ name }) => name.endsWith(`-${alert.name}`))?.properties;
    if (made === undefined) return [`${alert.name} has no rule`];
    const [criterion, ...more] = made['criteria'].allOf;
    const threshold =
      alert.of === 'connections' ? Math.floor((alert.threshold * limit) / 100) : alert.threshold;
    const pairs: [member: string, is: unknown, wanted: unknown][] = [
      ['scope', made['scopes'].join(), ofType(prediction, TARGETS[alert.target])[0]?.id],
      ['severity', made['severity'], alert.severity],
      ['enabled', made['enabled'], true],
      ['window', made['windowSize'], `PT${alert.windowMinutes}M`],
      ['metric', criterion.metricName, alert.metric],
      ['aggregation', criterion.timeAggregation, alert.aggregation],
      ['operator', criterion.operator, alert.operator],
      ['threshold', criterion.threshold, threshold],
      ['conditions', more.length, 0],
      ['action group', /\/actionGroups\/[^/]+$/.test(made['actions'][0]?.actionGroupId ?? ''), true],
    ];
    return pairs
      .filter(([, is, wanted]) => is !== wanted)
      .map(([member, is, wanted]) => `${alert.name}: ${member} is ${is}, not ${wanted}`);
  });
  const rules = ofType(prediction, TYPES.alert).map(({ properties }) => properties);
  for (const log of PLATFORM_FILE.logs) {
    const rule = rules.find((one) => one?.['displayName'] === log.name);
    if (rule?.['criteria'].allOf[0].query !== log.query || rule['enabled'] !== true)
      problems.push(`${log.name} has no rule`);
  }
  const needed = ['storage_percent', 'cpu_percent', 'disk_iops_consumed_percentage', 'active_connections'];
  needed.push('ThrottledRequests', 'ServerErrors', 'OnDemandFunctionExecutionCount');
  return [
    ...problems,
    ...(alerts.length === wanted.length ? [] : ['there are metric alerts that the file does not have']),
    ...needed
      .filter((metric) => !PLATFORM_FILE.metrics.some((alert) => alert.metric === metric))
      .map((metric) => `nobody watches ${metric}`),
  ];
};

/** The disk keeps the size that the parameter file says, and somebody is told in time to raise it. */
export const databaseDiskIsPlanned: Invariant = (prediction) => {
  const { sku, properties } = theOnly(prediction, TYPES.database);
  const { type, storageSizeGB, autoGrow, iops, throughput } = properties?.['storage'] ?? {};
  const told = ofType(prediction, TYPES.metricAlert)
    .map(({ properties }) => properties?.['criteria'].allOf[0])
    .some(({ metricName, threshold }) => metricName === 'storage_percent' && threshold <= 80);
  const v2 = type === 'PremiumV2_LRS';
  return [
    ...(autoGrow === 'Disabled'
      ? []
      : ['the disk grows by itself: the next deployment would ask for a smaller one']),
    ...(told ? [] : ['nobody is told that the disk fills']),
    ...(v2 || type === 'Premium_LRS' ? [] : [`the type of the disk is ${type}`]),
    ...(v2 && sku?.['tier'] === 'Burstable' ? ['Premium SSD v2 is not for a Burstable server'] : []),
    ...(v2 && !(iops <= 500 * storageSizeGB && throughput <= iops / 4)
      ? [`${iops} operations and ${throughput} MB a second are more than ${storageSizeGB} GB may do`]
      : []),
    ...(!v2 && (iops ?? throughput) !== undefined
      ? ['Premium SSD has the operations that its size gives']
      : []),
  ];
};

export const metricsAreInTheCatalogue: Invariant = (prediction) => {
  const workbook: string = theOnly(prediction, 'Microsoft.Insights/workbooks').properties?.['serializedData'];
  const queries = ofType(prediction, TYPES.alert)
    .map(({ properties }) => properties?.['criteria'].allOf[0].query as string)
    .filter((query) => query.startsWith('AppMetrics'));
  const named = [workbook.replaceAll('\\"', '"'), ...queries].flatMap((text) =>
    [...text.matchAll(/\bName\s*==\s*"([^"]+)"/g)].map(([, name]) => name!),
  );
  if (named.length < queries.length) return ['the metrics of the queries were not found'];
  return [...new Set(named)]
    .filter((name) => !(name in METRICS))
    .map((name) => `${name} is not in the catalogue`);
};

/** What can write logs or metrics writes them, and to a workspace. */
export const diagnosticsAreKept: Invariant = (prediction) => {
  const settings = ofType(prediction, TYPES.diagnostics);
  const watched = [
    ...[TYPES.namespace, TYPES.vault, TYPES.database, TYPES.workspace, TYPES.network],
    ...['blob', 'queue', 'table'].map((service) => `${TYPES.storage}/${service}Services`),
  ].flatMap((type) => ofType(prediction, type));
  return [
    ...watched
      .filter(({ id }) => !settings.some((setting) => parentId(setting.id) === id))
      .map(({ type, name }) => `${type} ${name} keeps no diagnostics`),
    ...each(
      settings,
      ({ workspaceId, logs = [], metrics = [] }) =>
        /\/workspaces\/[^/]+$/.test(workspaceId) && logs.length + metrics.length > 0,
      'goes to no workspace',
    ),
  ];
};

/** A zone may fail, a region may be lost, a backup is there. */
export const survivesAZone: Invariant = (prediction, { profile }) => {
  if (profile === 'cloud-test') return [];
  const { backup, highAvailability } = theOnly(prediction, TYPES.database).properties ?? {};
  const plan = theOnly(prediction, TYPES.plan).properties;
  const kept: { instanceCount: number }[] = theOnly(prediction, TYPES.site).properties?.['functionAppConfig']
    .scaleAndConcurrency.alwaysReady;
  return [
    ...each(ofType(prediction, TYPES.storage), (_, { sku }) => /ZRS$/.test(sku?.['name']), 'is in one zone'),
    ...each(
      ofType(prediction, TYPES.namespace),
      ({ zoneRedundant }) => zoneRedundant === true,
      'is in one zone',
    ),
    ...(highAvailability?.mode === 'ZoneRedundant' ? [] : ['the database has no standby in another zone']),
    ...(backup?.geoRedundantBackup === 'Enabled' ? [] : ['the backups of the database are in one region']),
    ...(backup?.backupRetentionDays >= 30
      ? []
      : ['the backups of the database are kept for less than 30 days']),
    ...(plan?.['zoneRedundant'] === true ? [] : ['the app is in one zone']),
    ...(kept.length >= 2 && kept.every(({ instanceCount }) => instanceCount >= 2)
      ? []
      : ['fewer than two instances of each ingest function are kept']),
  ];
};

/** Changes of schema and roles are audited; no row gets into a log. */
export const databaseIsWatched: Invariant = (prediction) => {
  const server = theOnly(prediction, TYPES.database).properties;
  const settings = Object.fromEntries(
    ofType(prediction, TYPES.databaseSetting).map((one) => [
      one.name.split('/')[1],
      one.properties?.['value'],
    ]),
  );
  const wanted: [name: string, pattern: RegExp][] = [
    ['shared_preload_libraries', /\bpgaudit\b/],
    ['azure.extensions', /\bPGAUDIT\b/],
    ['log_connections', /^on$/],
    ['log_error_verbosity', /^terse$/],
    ['log_parameter_max_length', /^0$/],
    ['log_parameter_max_length_on_error', /^0$/],
  ];
  return [
    ...wanted
      .filter(([name, pattern]) => !pattern.test(settings[name] ?? ''))
      .map(([name]) => `${name} is ${settings[name]}`),
    // Before the library is loaded it is refused, or does nothing: once.bicep sets it afterwards.
    ...(settings['pgaudit.log'] === undefined ? [] : ['pgaudit.log is set before pgaudit is there']),
    ...(settings['pgbouncer.enabled'] === undefined ? [] : ['PgBouncer is named']),
    ...(server?.['version'] === '18' ? [] : ['the database is not PostgreSQL 18']),
    ...(ofType(prediction, `${TYPES.database}/administrators`).length === 1
      ? []
      : ['the database has no owner']),
  ];
};

/** Azure's rules, by type, for the last part of a name. */
const NAMES: Readonly<Record<string, RegExp>> = {
  'Microsoft.ManagedIdentity/userAssignedIdentities': /^[a-z0-9][\w-]{2,62}$/i,
  [TYPES.storage]: /^[a-z0-9]{3,24}$/,
  [`${TYPES.storage}/blobServices/containers`]: /^[a-z0-9](?!.*--)[a-z0-9-]{2,62}$/,
  [`${TYPES.storage}/queueServices/queues`]: /^[a-z0-9](?!.*--)[a-z0-9-]{2,62}$/,
  [TYPES.namespace]: /^[a-z](?!.*--)[a-z0-9-]{4,48}[a-z0-9]$/i,
  [TYPES.hub]: /^[a-z0-9][\w.-]{0,254}[a-z0-9]$/i,
  [TYPES.consumerGroup]: /^[a-z0-9][\w.-]{0,48}[a-z0-9]$/i,
  [TYPES.vault]: /^[a-z](?!.*--)[a-z0-9-]{1,22}[a-z0-9]$/i,
  [TYPES.database]: /^[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]$/,
  [TYPES.workspace]: /^[a-z0-9][a-z0-9-]{2,61}[a-z0-9]$/i,
  [TYPES.component]: /^[\w().-]{1,254}[\w()-]$/,
  'Microsoft.Insights/actionGroups': /^[\w-]{1,260}$/,
  [TYPES.metricAlert]: /^[\w-]{1,260}$/,
  [TYPES.alert]: /^[\w-]{1,260}$/,
  [TYPES.plan]: /^[a-z0-9-]{1,40}$/i,
  // The host tells apps on one storage account apart by the first 32.
  [TYPES.site]: /^[a-z0-9](?!.*--)[a-z0-9-]{0,30}[a-z0-9]$/i,
  [TYPES.network]: /^[a-z0-9][\w.-]{0,62}\w$/i,
  [TYPES.securityGroup]: /^[a-z0-9][\w.-]{0,78}\w$/i,
  [TYPES.endpoint]: /^[a-z0-9][\w.-]{0,62}\w$/i,
  'Microsoft.Insights/privateLinkScopes': /^[\w().-]{1,254}[\w()-]$/,
};

export const namesFit: Invariant = (prediction) =>
  prediction.resources
    .filter(({ type, name }) => {
      const rule = NAMES[type];
      return rule !== undefined && !rule.test(name.split('/').at(-1)!);
    })
    .map(({ type, name }) => `${type} may not be called ${name}`);
