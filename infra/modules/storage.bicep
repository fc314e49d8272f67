// Storage of the Function App: its package, leases and checkpoints (blobs), replay requests (queues), diagnostic events of the
// host (tables). No key opens it, in either profile.
import { grantee, resourceTags } from 'types.bicep'
import { roles } from 'roles.bicep'

param location string
param tags resourceTags
@minLength(3)
@maxLength(24)
param accountName string
param sku string
param publicAccess bool
@description('Container of the deployed package.')
param packageContainerName string
@description('The identity of the Function App, and its object id.')
param appIdentityId string
param appPrincipalId string
@description('The app and the operators.')
param queueUsers grantee[]
@description('They may move a checkpoint by hand (cli checkpoint skip).')
param checkpointUsers grantee[]
param logAnalyticsWorkspaceId string

// The queue of replay requests, and where the host puts what is no valid request (SPEC 8). The names are the app's.
var queueNames = ['dlq-replay', 'dlq-replay-poison']

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: accountName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    networkAcls: {
      defaultAction: publicAccess ? 'Allow' : 'Deny'
      bypass: 'None'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: true
      days: 7
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: packageContainerName
  properties: {
    publicAccess: 'None'
  }
}

// The host would make it by itself at its first start. It is made here, so that a role can be given on it alone.
resource checkpoints 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: 'azure-webjobs-eventhub'
  properties: {
    publicAccess: 'None'
  }
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = [
  for name in queueNames: {
    parent: queueService
    name: name
  }
]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-01-01' = {
  parent: account
  name: 'default'
}

// The host makes containers of its own (leases, checkpoints, secrets): on the account. It needs Owner, not Contributor, as its
// documentation says, because it sets and breaks leases of other instances.
resource appBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account
  name: guid(account.id, appIdentityId, roles.storageBlobDataOwner)
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataOwner)
  }
}

resource checkpointAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for user in checkpointUsers: {
    scope: checkpoints
    name: guid(checkpoints.id, user.seed, roles.storageBlobDataContributor)
    properties: {
      principalId: user.objectId
      principalType: user.type
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.storageBlobDataContributor
      )
    }
  }
]

// The host makes its table of diagnostic events by itself: on the account.
resource appTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account
  name: guid(account.id, appIdentityId, roles.storageTableDataContributor)
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageTableDataContributor
    )
  }
}

// Both queues: the host moves what is no valid request into the second. Operators put requests into the first (cli replay, cli gaps) and
// look into the second.
resource queueAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in flatten(map(
    range(0, length(queueNames)),
    queue =>
      map(queueUsers, user => {
        queue: queue
        user: user
      })
  )): {
    scope: queues[grant.queue]
    name: guid(queues[grant.queue].id, grant.user.seed, roles.storageQueueDataContributor)
    properties: {
      principalId: grant.user.objectId
      principalType: grant.user.type
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.storageQueueDataContributor
      )
    }
  }
]

#disable-next-line use-recent-api-versions // The only stable one is from 2016.
resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: blobs
  name: 'to-log-analytics'
  properties: {
    workspaceId: logAnalyticsWorkspaceId
    // Reads are leases and checkpoints, many a second, and tell nothing.
    logs: [
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'Transaction'
        enabled: true
      }
    ]
  }
}

#disable-next-line use-recent-api-versions // The only stable one is from 2016.
resource queueLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: queueService
  name: 'to-log-analytics'
  properties: {
    workspaceId: logAnalyticsWorkspaceId
    // Who put a request: who may replay is worth knowing.
    logs: [
      {
        category: 'StorageWrite'
        enabled: true
      }
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'Transaction'
        enabled: true
      }
    ]
  }
}

#disable-next-line use-recent-api-versions // The only stable one is from 2016.
resource tableLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: tableService
  name: 'to-log-analytics'
  properties: {
    workspaceId: logAnalyticsWorkspaceId
    logs: [
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'Transaction'
        enabled: true
      }
    ]
  }
}
