// A namespace of our own, with a hub for each topic. Standard: private endpoints and the Kafka endpoint need it.
import { eventHubsSizes, resourceTags } from 'types.bicep'

param location string
param tags resourceTags
@minLength(6)
@maxLength(50)
param namespaceName string
param sizes eventHubsSizes
@description('Without the empty ones.')
param hubs string[]
param publicAccess bool
param logAnalyticsWorkspaceId string

resource namespace 'Microsoft.EventHub/namespaces@2026-01-01' = {
  name: namespaceName
  location: location
  tags: tags
  sku: {
    name: 'Standard'
    tier: 'Standard'
    capacity: sizes.throughputUnits
  }
  properties: {
    // Entra only, in both profiles: there is no SAS key to leak.
    disableLocalAuth: true
    isAutoInflateEnabled: sizes.maximumThroughputUnits > sizes.throughputUnits
    // 0 where it is off; another value is refused then.
    maximumThroughputUnits: sizes.maximumThroughputUnits > sizes.throughputUnits ? sizes.maximumThroughputUnits : 0
    kafkaEnabled: true
    minimumTlsVersion: '1.2'
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    zoneRedundant: true
  }
}

// Says the same as the namespace once more: the rule set has its own publicNetworkAccess, and the one that is written last wins.
resource networkRules 'Microsoft.EventHub/namespaces/networkRuleSets@2026-01-01' = {
  parent: namespace
  name: 'default'
  properties: {
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    defaultAction: publicAccess ? 'Allow' : 'Deny'
    trustedServiceAccessEnabled: false
  }
}

resource hub 'Microsoft.EventHub/namespaces/eventhubs@2026-01-01' = [
  for name in hubs: {
    parent: namespace
    name: name
    properties: {
      partitionCount: sizes.partitions
      retentionDescription: {
        cleanupPolicy: 'Delete'
        retentionTimeInHours: sizes.retentionHours
      }
    }
  }
]

// RuntimeAuditLogs would need Premium.
#disable-next-line use-recent-api-versions // The only stable one is from 2016.
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: namespace
  name: 'to-log-analytics'
  properties: {
    workspaceId: logAnalyticsWorkspaceId
    logs: [
      for category in ['AutoScaleLogs', 'EventHubVNetConnectionEvent', 'KafkaUserErrorLogs', 'OperationalLogs']: {
        category: category
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}
