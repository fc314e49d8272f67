import type { InvariantName } from './invariants/index.ts';
import type { Change, ParameterFile } from './templates.ts';

/** A template that somebody broke, and the invariants that say so. */
export interface Mutation {
  readonly name: string;
  readonly in?: ParameterFile;
  readonly change: Change;
  readonly caughtBy: InvariantName;
}

const module = (name: string, from: string, to: string): Change => ({
  file: `infra/modules/${name}.bicep`,
  from,
  to,
});
const main = (from: string, to: string): Change => ({ file: 'infra/main.bicep', from, to });
const secure = (from: string, to: string): Change => ({ file: 'infra/cloud-secure.bicepparam', from, to });

/** Each is applied by itself, to Cloud-Secure unless it says another file. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'storage by its key',
    change: main(
      "        AzureWebJobsStorage__credential: 'managedidentity'",
      "        AzureWebJobsStorage: listKeys(ids.storage, '2025-01-01').keys[0].value\n        AzureWebJobsStorage__credential: 'managedidentity'",
    ),
    caughtBy: 'noSecret',
  },
  {
    name: 'a key in an output',
    change: main(
      'output identityName string = identity.name',
      "output identityName string = listKeys(ids.storage, '2025-01-01').keys[0].value",
    ),
    caughtBy: 'noSecret',
  },
  {
    name: 'a database password',
    change: module('postgres', "    version: '18'", "    version: '18'\n    administratorLogin: 'owner'"),
    caughtBy: 'noSecret',
  },
  {
    name: 'a Key Vault reference, which Flex Consumption cannot resolve in a closed vault',
    change: main(
      "        DATABASE_AUTH: 'entra'",
      "        DATABASE_AUTH: '@Microsoft.KeyVault(SecretUri=x)'",
    ),
    caughtBy: 'noSecret',
  },
  {
    name: 'storage that takes keys',
    change: module('storage', 'allowSharedKeyAccess: false', 'allowSharedKeyAccess: true'),
    caughtBy: 'localAuthOff',
  },
  {
    name: 'a namespace that takes SAS',
    change: module('eventHubs', 'disableLocalAuth: true', 'disableLocalAuth: false'),
    caughtBy: 'localAuthOff',
  },
  {
    name: 'a database that takes passwords',
    change: module('postgres', "passwordAuth: 'Disabled'", "passwordAuth: 'Enabled'"),
    caughtBy: 'localAuthOff',
  },
  {
    name: 'publishing by user name',
    change: module('functionApp', 'allow: false', 'allow: true'),
    caughtBy: 'localAuthOff',
  },
  {
    name: 'telemetry without a token',
    change: module('applicationInsights', 'DisableLocalAuth: true', 'DisableLocalAuth: false'),
    caughtBy: 'telemetryNeedsAToken',
  },
  {
    name: 'a vault without purge protection',
    change: module('keyVault', 'enablePurgeProtection: true', 'enablePurgeProtection: null'),
    caughtBy: 'vaultIsProtected',
  },
  {
    name: 'TLS 1.0',
    change: module('storage', "'TLS1_2'", "'TLS1_0'"),
    caughtBy: 'tlsAtLeast12',
  },
  {
    name: 'a database without TLS',
    change: module(
      'postgres',
      "name: 'require_secure_transport'\n    value: 'on'",
      "name: 'require_secure_transport'\n    value: 'off'",
    ),
    caughtBy: 'tlsAtLeast12',
  },
  ...['storage', 'keyVault', 'functionApp', 'postgres', 'eventHubs'].map(
    (name): Mutation => ({
      name: `public access in ${name}.bicep`,
      change: module(name, "publicAccess ? 'Enabled' : 'Disabled'", "'Enabled'"),
      caughtBy: 'publicAccessClosed',
    }),
  ),
  {
    name: 'a rule set that opens a closed namespace',
    change: module('eventHubs', "defaultAction: publicAccess ? 'Allow' : 'Deny'", "defaultAction: 'Allow'"),
    caughtBy: 'publicAccessClosed',
  },
  {
    name: 'the whole profile public',
    change: secure('param privateNetwork = true', 'param privateNetwork = false'),
    caughtBy: 'publicAccessClosed',
  },
  ...['blob', 'queue', 'table', 'postgresqlServer'].map(
    (group): Mutation => ({
      name: `no endpoint of ${group}`,
      change: main(`    { group: '${group}', target`, `    { group: 'namespace', target`),
      caughtBy: 'closedIsReachable',
    }),
  ),
  {
    name: 'no endpoint of the site',
    change: main("groupId: 'sites'", "groupId: 'sites-staging'"),
    caughtBy: 'closedIsReachable',
  },
  {
    name: 'no endpoint of the namespace',
    change: main("[{ group: 'namespace', target: 'namespace' }]", '[]'),
    caughtBy: 'closedIsReachable',
  },
  {
    name: 'no endpoint of the vault',
    change: main("[{ group: 'vault', target: 'vault' }]", '[]'),
    caughtBy: 'closedIsReachable',
  },
  {
    name: 'an endpoint in no subnet',
    change: main("names.network,\n    'endpoints'\n", "names.network,\n    'other'\n"),
    caughtBy: 'closedIsReachable',
  },
  {
    name: 'zones that no network sees',
    change: main('virtualNetworkId: ids.network', 'virtualNetworkId: ids.app'),
    caughtBy: 'closedIsReachable',
  },
  {
    name: 'a zone under another name',
    change: main("'privatelink.vaultcore.azure.net'", "'privatelink.vault.azure.net'"),
    caughtBy: 'closedIsReachable',
  },
  {
    name: 'endpoints of shared resources without records in the central zones',
    in: 'test/infra/reuse.bicepparam',
    change: module(
      'privateEndpoint',
      'for (name, index) in zoneNames: {\n          name',
      'for (name, index) in take(zoneNames, 0): {\n          name',
    ),
    caughtBy: 'closedIsReachable',
  },
  {
    name: 'an app in no network',
    change: main("privateNetwork ? subnets.app : ''", "''"),
    caughtBy: 'appIsInTheNetwork',
  },
  {
    name: 'a subnet that is not delegated',
    change: module('network', "'Microsoft.App/environments'", "'Microsoft.Web/serverFarms'"),
    caughtBy: 'appIsInTheNetwork',
  },
  {
    name: 'no endpoint of Microsoft.Web in the subnet of the app',
    change: module('network', "service: 'Microsoft.Web'", "service: 'Microsoft.Sql'"),
    caughtBy: 'appIsInTheNetwork',
  },
  {
    name: 'a subnet without a security group',
    change: module(
      'network',
      'networkSecurityGroup: {\n            id: endpointsSecurity.id\n          }',
      'natGateway: null',
    ),
    caughtBy: 'subnetsAreGuarded',
  },
  {
    name: 'a way to the internet',
    change: module(
      'network',
      "destinationAddressPrefix: 'Internet'",
      "destinationAddressPrefix: '203.0.113.0/24'",
    ),
    caughtBy: 'subnetsAreGuarded',
  },
  {
    name: 'a role on the resource group',
    change: module('storage', '  scope: account\n', ''),
    caughtBy: 'rolesAreNarrow',
  },
  {
    name: 'the app as owner of the queues',
    change: module(
      'storage',
      'roles.storageQueueDataContributor\n      )',
      "'8e3af657-a8ff-443c-a75c-2fe8c4bcb635'\n      )",
    ),
    caughtBy: 'rolesAreNarrow',
  },
  {
    name: 'a role on all of a vault of another team',
    in: 'test/infra/reuse.bicepparam',
    change: main('secretNames: ownVault\n', 'secretNames: true\n'),
    caughtBy: 'rolesAreNarrow',
  },
  {
    name: 'a hub that the app may not read',
    change: main(
      'readers: concat([appIdentity], operatorGrantees)\n      producers',
      'readers: operatorGrantees\n      producers',
    ),
    caughtBy: 'appHasItsRoles',
  },
  {
    name: 'a secret that the app may not read',
    in: 'test/infra/reuse.bicepparam',
    change: main('hashing ? [app.userIdKeyName] : []', '[]'),
    caughtBy: 'appHasItsRoles',
  },
  {
    name: 'a setting that is left out',
    change: main('        EVENT_HUBS_CONSUMER_GROUP: app.consumerGroup\n', ''),
    caughtBy: 'settingsAreThoseOfTheProduct',
  },
  {
    name: 'a setting that nobody reads',
    change: main("        PGPORT: '5432'", "        PGPORT: '5432'\n        PGSSLMODE: 'require'"),
    caughtBy: 'settingsAreThoseOfTheProduct',
  },
  {
    name: 'a setting with a value that the product refuses',
    change: secure("metricsSchedule: '*/30 * * * * *'", "metricsSchedule: '*/30 * * * *'"),
    caughtBy: 'settingsAreThoseOfTheProduct',
  },
  {
    name: 'two topics in one hub',
    change: secure("pair: 'payment.ledger.paired'", "pair: 'ledger.entry.upserted'"),
    caughtBy: 'settingsAreThoseOfTheProduct',
  },
  {
    name: 'user ids as they come',
    change: secure("userIdMode: 'hmac'", "userIdMode: 'plain'"),
    caughtBy: 'userIdsAreHashed',
  },
  {
    name: 'a setting that Flex Consumption refuses',
    change: main(
      "        PGPORT: '5432'",
      "        PGPORT: '5432'\n        FUNCTIONS_WORKER_RUNTIME: 'node'",
    ),
    caughtBy: 'nothingThatFlexForbids',
  },
  {
    name: 'instances of a function that does not exist',
    change: main("['ledgerIngest', 'orderIngest']", "['ledgerIngest', 'ordersIngest']"),
    caughtBy: 'flexConsumption',
  },
  {
    name: 'Node 22',
    change: module('functionApp', "version: '24'", "version: '22'"),
    caughtBy: 'flexConsumption',
  },
  {
    name: 'no consumer group',
    change: module('hubAccess', 'name: consumerGroup', "name: 'other'"),
    caughtBy: 'hubsAndQueues',
  },
  {
    name: 'no poison queue',
    change: module('storage', "['dlq-replay', 'dlq-replay-poison']", "['dlq-replay', 'dlq-replay-dead']"),
    caughtBy: 'hubsAndQueues',
  },
  {
    name: 'more connections than the server takes',
    in: 'infra/cloud-test.bicepparam',
    change: main('string(databasePoolSize)', 'string(app.databasePoolSize)'),
    caughtBy: 'connectionsFit',
  },
  {
    name: 'no audit of the database',
    change: module('postgres', "'pg_stat_statements,pgaudit'", "'pg_stat_statements'"),
    caughtBy: 'databaseIsWatched',
  },
  {
    name: 'PgBouncer in between',
    change: module(
      'postgres',
      "name: 'log_connections'",
      "name: 'pgbouncer.enabled'\n    value: 'true'\n  }\n  {\n    name: 'log_connections'",
    ),
    caughtBy: 'databaseIsWatched',
  },
  {
    name: 'rows in the log of the database',
    change: module('postgres', "'terse'", "'default'"),
    caughtBy: 'databaseIsWatched',
  },
  {
    name: 'no standby',
    change: secure(
      'geoRedundantBackup: true\n    zoneRedundant: true',
      'geoRedundantBackup: true\n    zoneRedundant: false',
    ),
    caughtBy: 'survivesAZone',
  },
  {
    name: 'backups in one region',
    change: secure('geoRedundantBackup: true', 'geoRedundantBackup: false'),
    caughtBy: 'survivesAZone',
  },
  {
    name: 'no diagnostics of the vault',
    change: module('keyVault', "scope: vault\n  name: 'to-log-analytics'", "name: 'to-log-analytics'"),
    caughtBy: 'diagnosticsAreKept',
  },
  {
    name: 'an alert with another threshold',
    change: module('alerts', '?? alert.threshold', '?? 17'),
    caughtBy: 'alertsFollowTheFile',
  },
  {
    name: 'the thresholds of the other profile',
    in: 'infra/cloud-test.bicepparam',
    change: {
      file: 'infra/cloud-test.bicepparam',
      from: "param profile = 'cloud-test'",
      to: "param profile = 'cloud-secure'",
    },
    caughtBy: 'alertsFollowTheFile',
  },
  {
    name: 'an alert that tells nobody',
    change: module('alerts', 'actionGroups: [actionGroupId]', 'actionGroups: []'),
    caughtBy: 'alertsFollowTheFile',
  },
  {
    name: 'a metric that nobody sends',
    change: {
      file: 'infra/alerts/alerts.json',
      from: 'Name == \\"consumer_kafka_lag\\"',
      to: 'Name == \\"consumer_lag\\"',
    },
    caughtBy: 'metricsAreInTheCatalogue',
  },
  {
    name: 'FTP by a property that Flex Consumption refuses',
    change: module(
      'functionApp',
      "      scmMinTlsVersion: '1.2'",
      "      scmMinTlsVersion: '1.2'\n      ftpsState: 'Disabled'",
    ),
    caughtBy: 'nothingThatFlexForbids',
  },
  {
    name: 'arguments of Node where every start is a cold one',
    in: 'infra/cloud-test.bicepparam',
    change: main('sizes.functions.alwaysReady > 0 ?', 'sizes.functions.alwaysReady >= 0 ?'),
    caughtBy: 'nodeArgumentsNeedKeptInstances',
  },
  {
    name: 'a disk that grows by itself',
    change: module('postgres', "autoGrow: 'Disabled'", "autoGrow: 'Enabled'"),
    caughtBy: 'databaseDiskIsPlanned',
  },
  {
    name: 'a disk that fills unseen',
    change: {
      file: 'infra/alerts/platform.json',
      from: '"metric": "storage_percent"',
      to: '"metric": "storage_used"',
    },
    caughtBy: 'databaseDiskIsPlanned',
  },
  {
    name: 'Premium SSD v2 with more operations than its size may do',
    change: secure(
      "type: 'Premium_LRS'\n      sizeGB: 256",
      "type: 'PremiumV2_LRS'\n      sizeGB: 32\n      iops: 20000\n      throughputMBps: 125",
    ),
    caughtBy: 'databaseDiskIsPlanned',
  },
  {
    name: 'pgaudit.log before the library is loaded',
    change: module(
      'postgres',
      "    name: 'require_secure_transport'",
      "    name: 'pgaudit.log'\n    value: 'ddl,role'\n  }\n  {\n    name: 'require_secure_transport'",
    ),
    caughtBy: 'databaseIsWatched',
  },
  {
    name: 'a second table in a query of every minute',
    change: {
      file: 'infra/alerts/alerts.json',
      from: 'Name == \\"consumer_broker_reachable\\"\\n| summarize value = count()',
      to: 'Name == \\"consumer_broker_reachable\\"\\n| join AppTraces on OperationId\\n| summarize value = count()',
    },
    caughtBy: 'oneMinuteQueriesReadOneTable',
  },
  {
    name: 'an alert of the platform with another threshold',
    change: module('platformAlerts', ': alert.threshold\n', ': 17\n'),
    caughtBy: 'platformIsWatched',
  },
  {
    name: 'no alert on the hubs',
    change: main('ownNamespace ? { namespace: ids.namespace } : {}', '{}'),
    caughtBy: 'platformIsWatched',
  },
  {
    name: 'no alert on the poison queue',
    change: module('platformAlerts', 'for alert in file.logs:', 'for alert in take(file.logs, 0):'),
    caughtBy: 'platformIsWatched',
  },
  {
    name: 'no way to the platform',
    change: module(
      'network',
      "destinationAddressPrefix: 'AppService'",
      "destinationAddressPrefix: 'Storage'",
    ),
    caughtBy: 'platformIsReachable',
  },
  {
    name: 'operators who may write the package',
    change: module('storage', 'scope: checkpoints\n', 'scope: packages\n'),
    caughtBy: 'rolesAreNarrow',
  },
  {
    name: 'operators who may not move a checkpoint',
    change: main('checkpointUsers: operatorGrantees', 'checkpointUsers: []'),
    caughtBy: 'operatorsMoveCheckpoints',
  },
  {
    name: 'a subnet for a service whose provider nobody registers',
    change: secure(
      "readEnvironmentVariable('RUNNER_DELEGATION', '')",
      "'Microsoft.ContainerInstance/containerGroups'",
    ),
    caughtBy: 'providersAreListed',
  },
  {
    name: 'a name that Azure refuses',
    change: main('take(compactPrefix, 7)', 'take(prefix, 7)'),
    caughtBy: 'namesFit',
  },
];
