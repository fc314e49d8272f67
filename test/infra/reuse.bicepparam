// Cloud-Secure in the network of an organisation that owns everything that can be shared, each in a resource group of its own. For the
// tests, and as an example.
using '../../infra/main.bicep'

param profile = 'cloud-secure'
param namePrefix = 'bosync-reuse'
param privateNetwork = true

param existing = {
  eventHubsNamespaceId: '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-events/providers/Microsoft.EventHub/namespaces/evhns-payments'
  eventHubsHasPrivateEndpoint: true
  virtualNetwork: {
    id: '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-network/providers/Microsoft.Network/virtualNetworks/vnet-backoffice'
    appSubnetId: '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-network/providers/Microsoft.Network/virtualNetworks/vnet-backoffice/subnets/bosync-app'
    endpointsSubnetId: '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-network/providers/Microsoft.Network/virtualNetworks/vnet-backoffice/subnets/endpoints'
  }
  privateDnsZonesResourceGroupId: '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-dns'
  keyVaultId: '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-vaults/providers/Microsoft.KeyVault/vaults/kv-backoffice'
  logAnalyticsWorkspaceId: '/subscriptions/44444444-4444-4444-4444-444444444444/resourceGroups/rg-logs/providers/Microsoft.OperationalInsights/workspaces/log-central'
  monitorPrivateLinkScopeId: '/subscriptions/44444444-4444-4444-4444-444444444444/resourceGroups/rg-logs/providers/Microsoft.Insights/privateLinkScopes/ampls-central'
  actionGroupId: '/subscriptions/44444444-4444-4444-4444-444444444444/resourceGroups/rg-logs/providers/Microsoft.Insights/actionGroups/ag-backoffice'
}

// The hubs that the organisation has; no topic of confirmed pairs, none of control totals.
param hubs = {
  ledger: 'cdc-events'
  paymentOrder: 'order-events'
  pair: ''
  control: ''
}

param sizes = {
  storageSku: 'Standard_ZRS'
  eventHubs: {
    throughputUnits: 1
    maximumThroughputUnits: 1
    partitions: 4
    retentionHours: 24
  }
  database: {
    skuName: 'Standard_D2ds_v5'
    tier: 'GeneralPurpose'
    storage: {
      type: 'Premium_LRS'
      sizeGB: 128
    }
    backupDays: 35
    geoRedundantBackup: true
    zoneRedundant: true
  }
  functions: {
    instanceMemoryMB: 2048
    maximumInstances: 40
    alwaysReady: 2
    zoneRedundant: true
  }
  logs: {
    retentionDays: 90
    dailyCapGB: -1
  }
}

param app = {
  eventProfileId: 'nsc-dev-v1'
  consumerGroup: 'bo-sync-v1'
  databasePoolSize: 8
  maxClockSkewSeconds: 300
  dlqRetentionDays: 14
  controlGraceSeconds: 60
  metricsSchedule: '*/30 * * * * *'
  userIdMode: 'hmac'
  userIdKeyName: 'bosync-user-id-key'
  dlqSealKeyName: 'bosync-dlq-seal-key'
}

param databaseAdministrator = {
  objectId: '55555555-5555-5555-5555-555555555555'
  name: 'Backoffice database owners'
  type: 'Group'
}
param operators = [{ objectId: '66666666-6666-6666-6666-666666666666', type: 'Group' }]
param publishers = [{ objectId: '77777777-7777-7777-7777-777777777777', type: 'ServicePrincipal' }]
