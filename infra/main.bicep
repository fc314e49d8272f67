// Backoffice sync in Azure, one resource group. Every difference between the profiles is a parameter in cloud-test.bicepparam and
// cloud-secure.bicepparam. What other teams own is named in `existing`; roles and records on it are made in its own resource group.
// What is made once, by an owner, after the first deployment (locks, budget, audit) is in once.bicep.
// There is no key, password or connection string: every login is an Entra identity, in both profiles.
targetScope = 'resourceGroup'

import {
  appOptions
  databaseAdministrator as administratorType
  existingResources
  grantee
  hubNames
  namedSettings
  principal
  resourceTags
  sizes as sizesType
} from 'modules/types.bicep'

@description('Which alert thresholds apply (infra/alerts/alerts.json).')
param profile 'cloud-secure' | 'cloud-test'
param location string = resourceGroup().location
@description('Beginning of every name: lower-case letters, digits and hyphens, a letter first. Longer than a name can hold, it is cut.')
@minLength(2)
@maxLength(40)
param namePrefix string
param tags resourceTags = {}

@description('true: everything behind private endpoints, public access closed, the app in a virtual network.')
param privateNetwork bool
@description('Address range of the network that is made here, a /24 or more.')
param addressSpace string = '10.60.0.0/24'
@description('Name servers of the network; empty for those of Azure.')
param dnsServers string[] = []
@description('Private address of a firewall that all outgoing traffic takes; empty for none.')
param egressFirewallAddress string = ''
@description('Service that the subnet of the runner is delegated to; empty for a machine.')
param runnerDelegation string = ''

@description('What other teams own.')
param existing existingResources = {}

param hubs hubNames
param sizes sizesType
param app appOptions

@description('Owns the database: runs migrations and makes logins.')
param databaseAdministrator administratorType
@description('They run the command line: replay requests, reading hubs, the key of user ids. A group, in general.')
param operators principal[] = []
@description('They send to the hubs: payment services, and the pipeline that runs the end-to-end test.')
param producers principal[] = []
@description('They publish packages to the Function App.')
param publishers principal[] = []

@description('Told when an alert fires; not used with an existing action group.')
param alertEmails string[] = []
@description('What the path of a runbook is put behind in an alert.')
param runbookBaseUrl string = ''

// Names. Some have to be unique in the world, so a hash of the resource group ends them; hyphens are left out where Azure refuses two in
// a row or any at all.
var suffix = uniqueString(resourceGroup().id)
var prefix = toLower(namePrefix)
var compactPrefix = replace(prefix, '-', '')
var names = {
  identity: 'id-${prefix}'
  storage: 'st${take(compactPrefix, 9)}${suffix}'
  namespace: replace('evhns-${take(prefix, 30)}-${suffix}', '--', '-')
  vault: 'kv-${take(compactPrefix, 7)}-${suffix}'
  database: existing.?databaseServerName ?? replace('psql-${take(prefix, 40)}-${suffix}', '--', '-')
  workspace: 'log-${take(prefix, 40)}'
  insights: 'appi-${prefix}'
  network: 'vnet-${prefix}'
  actionGroup: 'ag-${prefix}'
  monitorScope: 'ampls-${prefix}'
  plan: 'plan-${take(prefix, 35)}'
  app: 'func-${take(compactPrefix, 13)}-${suffix}'
  // pe-PREFIX-monitor-nic has to fit.
  endpoint: 'pe-${take(prefix, 40)}'
}
var databaseName = 'backoffice'
var packageContainer = 'packages'

var publicAccess = !privateNetwork
var ownNamespace = empty(existing.?eventHubsNamespaceId)
var ownNetwork = privateNetwork && empty(existing.?virtualNetwork)
var ownZones = privateNetwork && empty(existing.?privateDnsZonesResourceGroupId)
var ownVault = needsVault && empty(existing.?keyVaultId)
var ownWorkspace = empty(existing.?logAnalyticsWorkspaceId)
var ownActionGroup = empty(existing.?actionGroupId)
var ownMonitorScope = privateNetwork && empty(existing.?monitorPrivateLinkScopeId)

// Only then does the app read a key from the vault.
var sealing = app.userIdMode != 'plain'
var registryPassword = app.?schemaRegistry.?passwordName ?? ''
var needsVault = sealing || !empty(registryPassword)
var hashing = app.userIdMode == 'hmac'

// pairIngest is left out where there is no pair topic, controlIngest always: nobody waits for a control total by the second.
var hubList = filter([hubs.ledger, hubs.paymentOrder, hubs.pair, hubs.control], name => !empty(name))
var ingestFunctions = concat(['ledgerIngest', 'orderIngest'], empty(hubs.pair) ? [] : ['pairIngest'])

// Connections. Flex Consumption scales each function by itself and has no limit for one: each reader of a hub gets at most an instance a
// partition, the timer one, replays as many as there may be. Each instance opens DB_POOL_SIZE connections and one for its marks, that of the
// timer two more. What the server takes is divided by that, so that the worst case fits (docs/infrastructure.md has the table).
var connections = loadJsonContent('connections.json')
var userConnections = connections.ofServer[?sizes.database.skuName] ?? fail('connections.json does not say how many connections ${sizes.database.skuName} takes.')
// Of another team's hubs the number of partitions is not known here: Standard has at most 32.
var partitions = ownNamespace ? sizes.eventHubs.partitions : 32
var instances = length(hubList) * min(partitions, sizes.functions.maximumInstances) + 1 + sizes.functions.maximumInstances
var poolThatFits = (userConnections - connections.keptForOthers - 2) / instances - 1
var databasePoolSize = poolThatFits < 2
  ? fail('${instances} instances have no two connections each on ${sizes.database.skuName}: take a larger server, or fewer instances.')
  : min(app.databasePoolSize, poolThatFits)

// A private link scope takes over every name of Azure Monitor in the zones that it is recorded in, and for everybody in the network.
var scopeIsOurs = !privateNetwork || (ownNetwork && ownZones)
var monitorScopeId = existing.?monitorPrivateLinkScopeId ?? (scopeIsOurs
  ? resourceId('Microsoft.Insights/privateLinkScopes', names.monitorScope)
  : fail('In the network, or with the DNS zones, of another team: existing.monitorPrivateLinkScopeId must name the private link scope of Azure Monitor that the network uses.'))

// Ids are computed and not taken from outputs, so that a prediction (bicep snapshot, what-if) shows which resource is meant; the order of
// the deployment is given by dependsOn.
var ids = {
  storage: resourceId('Microsoft.Storage/storageAccounts', names.storage)
  database: resourceId('Microsoft.DBforPostgreSQL/flexibleServers', names.database)
  app: resourceId('Microsoft.Web/sites', names.app)
  namespace: existing.?eventHubsNamespaceId ?? resourceId('Microsoft.EventHub/namespaces', names.namespace)
  vault: existing.?keyVaultId ?? resourceId('Microsoft.KeyVault/vaults', names.vault)
  workspace: existing.?logAnalyticsWorkspaceId ?? resourceId(
    'Microsoft.OperationalInsights/workspaces',
    names.workspace
  )
  insights: resourceId('Microsoft.Insights/components', names.insights)
  actionGroup: existing.?actionGroupId ?? resourceId('Microsoft.Insights/actionGroups', names.actionGroup)
  monitorScope: monitorScopeId
  network: existing.?virtualNetwork.?id ?? resourceId('Microsoft.Network/virtualNetworks', names.network)
}
var subnets = {
  app: existing.?virtualNetwork.?appSubnetId ?? resourceId(
    'Microsoft.Network/virtualNetworks/subnets',
    names.network,
    'app'
  )
  endpoints: existing.?virtualNetwork.?endpointsSubnetId ?? resourceId(
    'Microsoft.Network/virtualNetworks/subnets',
    names.network,
    'endpoints'
  )
}
var namespaceName = last(split(ids.namespace, '/'))
var vaultName = last(split(ids.vault, '/'))

// What events are and what is stored of them: the app and the command line have to be told the same.
var ingestSettings = union(
  {
    EVENT_PROFILE_ID: app.eventProfileId
    LEDGER_TOPIC: hubs.ledger
    PAYMENT_ORDER_TOPIC: hubs.paymentOrder
    PAIR_TOPIC: hubs.pair
    CONTROL_TOPIC: hubs.control
    MAX_CLOCK_SKEW_SECONDS: string(app.maxClockSkewSeconds)
    USER_ID_MODE: app.userIdMode
  },
  empty(app.?eventProfileFile) ? {} : { EVENT_PROFILE_FILE: app.eventProfileFile! },
  empty(app.?schemaRegistry.?url) ? {} : { SCHEMA_REGISTRY_URL: app.schemaRegistry!.url! },
  empty(app.?schemaRegistry.?user) ? {} : { SCHEMA_REGISTRY_USER: app.schemaRegistry!.user! },
  empty(app.?schemaRegistry.?azureUrl) ? {} : { AZURE_SCHEMA_REGISTRY_URL: app.schemaRegistry!.azureUrl! },
  needsVault ? { KEY_VAULT_URL: 'https://${vaultName}${environment().suffixes.keyvaultDns}' } : {},
  empty(registryPassword) ? {} : { SCHEMA_REGISTRY_PASSWORD_SECRET: registryPassword },
  sealing ? { DLQ_SEAL_KEY_SECRET: app.dlqSealKeyName } : {},
  hashing ? { USER_ID_KEY_SECRET: app.userIdKeyName } : {}
)

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: names.identity
  location: location
  tags: tags
}

var appIdentity grantee = {
  seed: identity.id
  objectId: identity.properties.principalId
  type: 'ServicePrincipal'
}
var operatorGrantees grantee[] = [
  for user in operators: { seed: user.objectId, objectId: user.objectId, type: user.type }
]
var producerGrantees grantee[] = [
  for user in producers: { seed: user.objectId, objectId: user.objectId, type: user.type }
]

module workspace 'modules/workspace.bicep' = if (ownWorkspace) {
  params: {
    location: location
    tags: tags
    workspaceName: names.workspace
    sizes: sizes.logs
    publicAccess: publicAccess
  }
}

module insights 'modules/applicationInsights.bicep' = {
  params: {
    location: location
    tags: tags
    componentName: names.insights
    logAnalyticsWorkspaceId: ids.workspace
    publicAccess: publicAccess
    appIdentityId: identity.id
    appPrincipalId: identity.properties.principalId
  }
  dependsOn: [workspace]
}

module actionGroup 'modules/actionGroup.bicep' = if (ownActionGroup) {
  params: {
    tags: tags
    actionGroupName: names.actionGroup
    emails: alertEmails
  }
}

module alerts 'modules/alerts.bicep' = {
  params: {
    location: location
    tags: tags
    namePrefix: prefix
    profile: profile
    logAnalyticsWorkspaceId: ids.workspace
    actionGroupId: ids.actionGroup
    runbookBaseUrl: runbookBaseUrl
  }
  dependsOn: [workspace, actionGroup]
}

module platformAlerts 'modules/platformAlerts.bicep' = {
  params: {
    location: location
    tags: tags
    namePrefix: prefix
    targets: union(
      {
        database: ids.database
        app: ids.app
      },
      ownNamespace ? { namespace: ids.namespace } : {}
    )
    userConnections: userConnections
    logAnalyticsWorkspaceId: ids.workspace
    actionGroupId: ids.actionGroup
    runbookBaseUrl: runbookBaseUrl
  }
  dependsOn: [workspace, actionGroup, database, functionApp, namespace, storage]
}

module storage 'modules/storage.bicep' = {
  params: {
    location: location
    tags: tags
    accountName: names.storage
    sku: sizes.storageSku
    publicAccess: publicAccess
    packageContainerName: packageContainer
    appIdentityId: identity.id
    appPrincipalId: identity.properties.principalId
    queueUsers: concat([appIdentity], operatorGrantees)
    checkpointUsers: operatorGrantees
    logAnalyticsWorkspaceId: ids.workspace
  }
  dependsOn: [workspace]
}

module namespace 'modules/eventHubs.bicep' = if (ownNamespace) {
  params: {
    location: location
    tags: tags
    namespaceName: names.namespace
    sizes: sizes.eventHubs
    hubs: hubList
    publicAccess: publicAccess
    logAnalyticsWorkspaceId: ids.workspace
  }
  dependsOn: [workspace]
}

module hubAccess 'modules/hubAccess.bicep' = [
  for hub in hubList: {
    scope: resourceGroup(split(ids.namespace, '/')[2], split(ids.namespace, '/')[4])
    params: {
      namespaceName: namespaceName
      hubName: hub
      consumerGroup: app.consumerGroup
      readers: concat([appIdentity], operatorGrantees)
      producers: producerGrantees
    }
    dependsOn: [namespace]
  }
]

module vault 'modules/keyVault.bicep' = if (ownVault) {
  params: {
    location: location
    tags: tags
    vaultName: names.vault
    publicAccess: publicAccess
    logAnalyticsWorkspaceId: ids.workspace
  }
  dependsOn: [workspace]
}

module vaultAccess 'modules/vaultAccess.bicep' = if (needsVault) {
  scope: resourceGroup(split(ids.vault, '/')[2], split(ids.vault, '/')[4])
  params: {
    vaultName: vaultName
    secretNames: ownVault
      ? []
      : concat(
          sealing ? [app.dlqSealKeyName] : [],
          hashing ? [app.userIdKeyName] : [],
          empty(registryPassword) ? [] : [registryPassword]
        )
    readers: concat([appIdentity], operatorGrantees)
  }
  dependsOn: [vault]
}

module database 'modules/postgres.bicep' = {
  params: {
    location: location
    tags: tags
    serverName: names.database
    databaseName: databaseName
    sizes: sizes.database
    administrator: databaseAdministrator
    publicAccess: publicAccess
    logAnalyticsWorkspaceId: ids.workspace
  }
  dependsOn: [workspace]
}

module network 'modules/network.bicep' = if (ownNetwork) {
  params: {
    location: location
    tags: tags
    namePrefix: prefix
    networkName: names.network
    addressSpace: addressSpace
    dnsServers: dnsServers
    egressFirewallAddress: egressFirewallAddress
    runnerDelegation: runnerDelegation
    logAnalyticsWorkspaceId: ids.workspace
  }
  dependsOn: [workspace]
}

var zones = {
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  queue: 'privatelink.queue.${environment().suffixes.storage}'
  table: 'privatelink.table.${environment().suffixes.storage}'
  namespace: 'privatelink.servicebus.windows.net'
  vault: 'privatelink.vaultcore.azure.net'
  postgresqlServer: 'privatelink.postgres.database.azure.com'
  sites: 'privatelink.azurewebsites.net'
}
// The ingestion of Azure Monitor takes large payloads by blob storage, too.
var monitorZones = [
  'privatelink.monitor.azure.com'
  'privatelink.oms.opinsights.azure.com'
  'privatelink.ods.opinsights.azure.com'
  'privatelink.agentsvc.azure-automation.net'
]
var zonesGroup = split(existing.?privateDnsZonesResourceGroupId ?? resourceGroup().id, '/')

module dns 'modules/privateDnsZones.bicep' = if (ownZones) {
  params: {
    tags: tags
    zoneNames: concat(map(items(zones), zone => zone.value), ownMonitorScope ? monitorZones : [])
    virtualNetworkId: ids.network
  }
  dependsOn: [network]
}

// One private endpoint for each sub-resource that the app, its publishers or its operators use.
var endpointTargets = concat(
  [
    { group: 'blob', target: 'storage' }
    { group: 'queue', target: 'storage' }
    { group: 'table', target: 'storage' }
    { group: 'postgresqlServer', target: 'database' }
  ],
  (existing.?eventHubsHasPrivateEndpoint ?? false) ? [] : [{ group: 'namespace', target: 'namespace' }],
  !needsVault || (existing.?keyVaultHasPrivateEndpoint ?? false) ? [] : [{ group: 'vault', target: 'vault' }]
)

// An endpoint can't be pointed at another resource: that of a restored server has a name of its own.
var databaseEndpoint = '${names.endpoint}-${empty(existing.?databaseServerName) ? 'postgresqlServer' : 'pg-${uniqueString(names.database)}'}'

// Before the app: it starts when it is made, and without its storage it would not.
module endpoints 'modules/privateEndpoint.bicep' = [
  for endpoint in (privateNetwork ? endpointTargets : []): {
    params: {
      location: location
      tags: tags
      endpointName: endpoint.group == 'postgresqlServer' ? databaseEndpoint : '${names.endpoint}-${endpoint.group}'
      targetId: ids[endpoint.target]
      groupId: endpoint.group
      subnetId: subnets.endpoints
      zonesSubscriptionId: zonesGroup[2]
      zonesResourceGroup: zonesGroup[4]
      zoneNames: [zones[endpoint.group]]
    }
    dependsOn: [dns, network, storage, database, namespace, vault]
  }
]

module siteEndpoint 'modules/privateEndpoint.bicep' = if (privateNetwork) {
  params: {
    location: location
    tags: tags
    endpointName: '${names.endpoint}-sites'
    targetId: ids.app
    groupId: 'sites'
    subnetId: subnets.endpoints
    zonesSubscriptionId: zonesGroup[2]
    zonesResourceGroup: zonesGroup[4]
    zoneNames: [zones.sites]
  }
  dependsOn: [dns, network, functionApp]
}

module monitorScope 'modules/monitorPrivateLink.bicep' = if (ownMonitorScope) {
  params: {
    tags: tags
    scopeName: names.monitorScope
  }
}

module monitorScoped 'modules/monitorScopedResources.bicep' = if (privateNetwork) {
  scope: resourceGroup(split(ids.monitorScope, '/')[2], split(ids.monitorScope, '/')[4])
  params: {
    scopeName: last(split(ids.monitorScope, '/'))
    componentName: names.insights
    componentId: ids.insights
    workspaceName: ownWorkspace ? names.workspace : ''
    workspaceId: ids.workspace
  }
  dependsOn: [monitorScope, insights, workspace]
}

module monitorEndpoint 'modules/privateEndpoint.bicep' = if (ownMonitorScope) {
  params: {
    location: location
    tags: tags
    endpointName: '${names.endpoint}-monitor'
    targetId: ids.monitorScope
    groupId: 'azuremonitor'
    subnetId: subnets.endpoints
    zonesSubscriptionId: zonesGroup[2]
    zonesResourceGroup: zonesGroup[4]
    zoneNames: concat(monitorZones, [zones.blob])
  }
  dependsOn: [dns, network, monitorScoped]
}

module functionApp 'modules/functionApp.bicep' = {
  params: {
    location: location
    tags: tags
    planName: names.plan
    appName: names.app
    sizes: sizes.functions
    ingestFunctions: ingestFunctions
    identityId: identity.id
    packageContainerUrl: 'https://${names.storage}.blob.${environment().suffixes.storage}/${packageContainer}'
    publicAccess: publicAccess
    subnetId: privateNetwork ? subnets.app : ''
    publishers: publishers
    settings: union(
      {
        AzureWebJobsStorage__accountName: names.storage
        AzureWebJobsStorage__credential: 'managedidentity'
        AzureWebJobsStorage__clientId: identity.properties.clientId
        EventHubs__fullyQualifiedNamespace: '${namespaceName}.servicebus.windows.net'
        EventHubs__credential: 'managedidentity'
        EventHubs__clientId: identity.properties.clientId
        EVENT_HUBS_CONSUMER_GROUP: app.consumerGroup
        DATABASE_AUTH: 'entra'
        PGHOST: database.outputs.host
        PGPORT: '5432'
        PGDATABASE: databaseName
        // The login that entraPrincipals.ts makes for this identity has its name.
        PGUSER: identity.name
        AZURE_CLIENT_ID: identity.properties.clientId
        DB_POOL_SIZE: string(databasePoolSize)
        DLQ_RETENTION_DAYS: string(app.dlqRetentionDays)
        CONTROL_GRACE_SECONDS: string(app.controlGraceSeconds)
        METRICS_SCHEDULE: app.metricsSchedule
        APPLICATIONINSIGHTS_CONNECTION_STRING: insights.outputs.connectionString
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identity.properties.clientId}'
      },
      // With arguments of its own, the host does not take the worker that was started ahead, so each new instance starts later. Where
      // instances are kept, nobody waits for that.
      sizes.functions.alwaysReady > 0 ? { languageWorkers__node__arguments: '--max-semi-space-size=32' } : {},
      ingestSettings
    )
  }
  // The app starts when it is made: what it reads has to be there, may be read, and can be reached.
  dependsOn: [storage, hubAccess, vaultAccess, network, endpoints, monitorEndpoint]
}

@description('For: func azure functionapp publish NAME.')
output functionAppName string = names.app
output identityName string = identity.name
@description('For infra/database/entraPrincipals.ts: the object that the login of the app stands for.')
output identityObjectId string = identity.properties.principalId
output databaseHost string = database.outputs.host
output databaseName string = databaseName
output eventHubsNamespace string = '${namespaceName}.servicebus.windows.net'
output storageAccountName string = names.storage
output keyVaultName string = needsVault ? vaultName : ''
@description('For the command line: settings that it has in common with the app.')
output ingestSettings namedSettings = ingestSettings
output logAnalyticsWorkspaceId string = ids.workspace
