import { readFileSync } from 'node:fs';
import { CONNECTIONS, connectionsOf, poolThatFits } from './connections.ts';
import type { Prediction, Properties, Resource } from './prediction.ts';

/** Who and where, as the parameter files read it from the environment; made up. */
export const SAMPLE_ENVIRONMENT = {
  DATABASE_ADMIN_OBJECT_ID: 'a0000000-0000-0000-0000-00000000000a',
  DATABASE_ADMIN_NAME: 'Backoffice database owners',
  PIPELINE_OBJECT_ID: 'b0000000-0000-0000-0000-00000000000b',
  PRODUCERS_OBJECT_ID: 'c0000000-0000-0000-0000-00000000000c',
  OPERATORS_OBJECT_ID: 'd0000000-0000-0000-0000-00000000000d',
  ALERT_EMAIL: 'oncall@example.com',
  // As `npm run cloud:environment` prints them after a deployment, for once.bicepparam.
  DATABASE_SERVER: 'psql-x',
  AzureWebJobsStorage__accountName: 'stx',
  EventHubs__fullyQualifiedNamespace: 'evhns-x.servicebus.windows.net',
  KEY_VAULT: 'kv-x',
  MONTHLY_BUDGET: '1500',
};
const PEOPLE: Readonly<Record<string, string>> = {
  [SAMPLE_ENVIRONMENT.PIPELINE_OBJECT_ID]: 'pipeline',
  [SAMPLE_ENVIRONMENT.PRODUCERS_OBJECT_ID]: 'producers',
  [SAMPLE_ENVIRONMENT.OPERATORS_OBJECT_ID]: 'operators',
};

const ROLE = 'Microsoft.Authorization/roleAssignments';
const ALERT = 'Microsoft.Insights/scheduledQueryRules';
const METRIC_ALERT = 'Microsoft.Insights/metricAlerts';
const SETTING = 'Microsoft.DBforPostgreSQL/flexibleServers/configurations';
const DIAGNOSTICS = 'Microsoft.Insights/diagnosticSettings';
const SITE = 'Microsoft.Web/sites';

/** What of a resource is worth a look, by type; types that are not here show nothing but their name. */
const WORTH: Readonly<Record<string, readonly string[]>> = {
  'Microsoft.OperationalInsights/workspaces': [
    'properties.retentionInDays',
    'properties.workspaceCapping.dailyQuotaGb',
    'properties.features.disableLocalAuth',
    'properties.publicNetworkAccessForIngestion',
  ],
  'Microsoft.Insights/components': [
    'properties.DisableLocalAuth',
    'properties.publicNetworkAccessForIngestion',
  ],
  'Microsoft.Insights/privateLinkScopes': ['properties.accessModeSettings.ingestionAccessMode'],
  'Microsoft.Storage/storageAccounts': [
    'sku.name',
    'properties.allowSharedKeyAccess',
    'properties.minimumTlsVersion',
    'properties.publicNetworkAccess',
  ],
  'Microsoft.EventHub/namespaces': [
    'sku.name',
    'sku.capacity',
    'properties.maximumThroughputUnits',
    'properties.disableLocalAuth',
    'properties.publicNetworkAccess',
    'properties.zoneRedundant',
  ],
  'Microsoft.EventHub/namespaces/networkRuleSets': [
    'properties.publicNetworkAccess',
    'properties.defaultAction',
  ],
  'Microsoft.EventHub/namespaces/eventhubs': [
    'properties.partitionCount',
    'properties.retentionDescription.retentionTimeInHours',
  ],
  'Microsoft.KeyVault/vaults': [
    'properties.enableRbacAuthorization',
    'properties.enablePurgeProtection',
    'properties.publicNetworkAccess',
  ],
  'Microsoft.DBforPostgreSQL/flexibleServers': [
    'sku.name',
    'properties.version',
    'properties.authConfig.passwordAuth',
    'properties.storage.type',
    'properties.storage.storageSizeGB',
    'properties.storage.iops',
    'properties.storage.autoGrow',
    'properties.backup.backupRetentionDays',
    'properties.backup.geoRedundantBackup',
    'properties.highAvailability.mode',
    'properties.network.publicNetworkAccess',
  ],
  'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules': ['properties.startIpAddress'],
  'Microsoft.Web/serverfarms': ['sku.name', 'properties.zoneRedundant'],
  [SITE]: [
    'properties.publicNetworkAccess',
    'properties.functionAppConfig.runtime.version',
    'properties.functionAppConfig.scaleAndConcurrency.instanceMemoryMB',
    'properties.functionAppConfig.scaleAndConcurrency.maximumInstanceCount',
  ],
  'Microsoft.Web/sites/basicPublishingCredentialsPolicies': ['properties.allow'],
  'Microsoft.Network/virtualNetworks': ['properties.addressSpace.addressPrefixes'],
};

/** The resources of a prediction as Markdown tables: all, the roles, the alerts, the settings of app and database, the connections. */
export function describePrediction(prediction: Prediction): string {
  const { resources } = prediction;
  const of = (type: string) => resources.filter((resource) => resource.type === type);
  const apart = [ROLE, ALERT, METRIC_ALERT, SETTING, DIAGNOSTICS];
  const others = resources.filter(({ type }) => !apart.includes(type));
  const settings: { name: string; value: string }[] =
    of(SITE)[0]?.properties?.['siteConfig'].appSettings ?? [];
  return [
    `${resources.length} resources. \`HASH\` is \`uniqueString\` of the resource group.`,
    table(
      ['type', 'name', 'API version', 'properties'],
      others.map((resource) => [resource.type, pattern(resource.name), resource.apiVersion, worth(resource)]),
    ),
    'Roles:',
    table(['who', 'role', 'on'], of(ROLE).map(roleRow)),
    'Diagnostic settings, to the workspace:',
    table(
      ['of', 'logs', 'metrics'],
      of(DIAGNOSTICS).map(({ id, properties }) => [
        shortId(id.split('/providers/Microsoft.Insights/diagnosticSettings')[0]!),
        categories(properties?.['logs']),
        categories(properties?.['metrics']),
      ]),
    ),
    'Alerts:',
    table(
      ['alert', 'severity', 'window', 'condition', 'on'],
      of(ALERT).map(({ properties }) => {
        const { operator, threshold } = properties?.['criteria'].allOf[0] ?? {};
        const condition = `value ${operator === 'GreaterThan' ? '>' : '<'} ${threshold}`;
        const { displayName, severity, windowSize, enabled } = properties ?? {};
        return [displayName, severity, windowSize, condition, enabled ? 'yes' : 'no'];
      }),
    ),
    'Alerts on metrics of the platform:',
    table(
      ['alert', 'severity', 'window', 'condition', 'of'],
      of(METRIC_ALERT).map(({ properties }) => {
        const { name, metricName, timeAggregation, operator, threshold } =
          properties?.['criteria'].allOf[0] ?? {};
        const { severity, windowSize, scopes } = properties ?? {};
        const condition = `${timeAggregation} ${metricName} ${operator === 'GreaterThan' ? '>' : '<'} ${threshold}`;
        return [name, severity, windowSize, condition, shortId(scopes[0])];
      }),
    ),
    'Settings of the Function App:',
    table(
      ['setting', 'value'],
      settings.map(({ name, value }) => [name, shortValue(value)]),
    ),
    'Parameters of the database server:',
    table(
      ['parameter', 'value'],
      of(SETTING).map(({ name, properties }) => [name.split('/').at(-1)!, properties?.['value']]),
    ),
    'Connections to the database, at most:',
    connectionsTable(prediction),
  ].join('\n\n');
}

/** Hubs, partitions of each and most instances of a function. */
const LOADS = [
  [4, 4, 40],
  [4, 12, 100],
  [4, 32, 100],
] as const;

/** What pool an instance gets on which server, at three sizes of the rest. */
export function describePools(): string {
  return table(
    [
      'server',
      'connections',
      ...LOADS.map(
        ([hubs, partitions, most]) => `${hubs} hubs of ${partitions} partitions, ${most} instances`,
      ),
    ],
    Object.entries(CONNECTIONS.ofServer).map(([server, taken]) => [
      server,
      taken,
      ...LOADS.map(([hubs, partitions, most]) => poolThatFits(server, hubs, partitions, most) ?? 'refused'),
    ]),
  );
}

function connectionsTable(prediction: Prediction): string {
  const { functions, total, server, limit } = connectionsOf(prediction);
  return table(
    ['function', 'instances', 'connections of each', 'together'],
    [
      ...functions.map(({ name, instances, each }) => [name, instances, each, instances * each]),
      ['all', '', '', `${total} of the ${limit} that ${server} has for them`],
    ],
  );
}

function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const line = (cells: readonly unknown[]) =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function worth(resource: Resource): string {
  const paths = WORTH[resource.type] ?? [];
  const shown = paths.flatMap((path) => {
    const value = path
      .split('.')
      .reduce<Properties | undefined>((part, name) => part?.[name], resource as never);
    return value === undefined
      ? []
      : [
          `${path
            .replace(/^properties\./, '')
            .split('.')
            .slice(-2)
            .join('.')} ${value}`,
        ];
  });
  return [...shown, ...parts(resource)].join(', ');
}

/** What is in a list of its own. */
function parts({ type, properties }: Resource): string[] {
  if (type === 'Microsoft.Network/virtualNetworks') {
    return properties?.['subnets'].map(
      (one: { name: string; properties: Properties }) => `${one.name} ${one.properties['addressPrefix']}`,
    );
  }
  if (type === 'Microsoft.Network/privateEndpoints') {
    const { groupIds, privateLinkServiceId } =
      properties?.['privateLinkServiceConnections'][0].properties ?? {};
    return [`${groupIds[0]} of ${pattern(privateLinkServiceId.split('/').at(-1))}`];
  }
  if (type === SITE) {
    const kept: { name: string; instanceCount: number }[] =
      properties?.['functionAppConfig'].scaleAndConcurrency.alwaysReady;
    return kept.map(({ name, instanceCount }) => `always ready ${name} ${instanceCount}`);
  }
  return [];
}

function roleRow({ id, properties }: Resource): string[] {
  const role = String(properties?.['roleDefinitionId']).split('/').at(-1)!;
  const principal: string = properties?.['principalId'];
  const who = principal.includes('.principalId]') ? 'the app' : (PEOPLE[principal] ?? principal);
  return [who, ROLE_NAMES[role] ?? role, shortId(id.split('/providers/Microsoft.Authorization')[0]!)];
}

/** As `modules/roles.bicep` calls them. */
const ROLE_NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ...readFileSync(new URL('../modules/roles.bicep', import.meta.url), 'utf8').matchAll(
      /(\w+): '([0-9a-f-]{36})'/g,
    ),
  ].map(([, name, id]) => [id, name]),
);

/** The last type and the name; of a child, its path below the parent. */
function shortId(id: string): string {
  const [, path = id] = /\/providers\/Microsoft\.\w+\/(.+)$/.exec(id) ?? [];
  return pattern(path);
}

function shortValue(value: string): string {
  if (!value.startsWith('[')) return value === '' ? '(empty)' : pattern(value);
  if (value.includes('Authorization=AAD')) return 'Authorization=AAD;ClientId=(of the identity)';
  if (value.includes('.clientId')) return '(client id of the identity)';
  return value.includes('connectionString') ? '(of Application Insights)' : '(of the server)';
}

function categories(list: readonly { category: string }[] = []): string {
  return list.map(({ category }) => category).join(', ') || '-';
}

/** `uniqueString` of the resource group that predictions pretend. */
const HASH = 'ciuq72kfmkope';

function pattern(name: string): string {
  return name.replaceAll(HASH, 'HASH');
}
