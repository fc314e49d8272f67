// The product's consumer group on one hub, and who may read and write that hub. Runs in the resource group of the namespace,
// ours or another team's; there, whoever deploys needs the right to assign roles on the hub.
import { grantee } from 'types.bicep'
import { roles } from 'roles.bicep'

param namespaceName string
param hubName string
@minLength(1)
@maxLength(50)
param consumerGroup string
@description('They read: the app; operators, for topic-check.')
param readers grantee[]
@description('They write.')
param producers grantee[]

resource namespace 'Microsoft.EventHub/namespaces@2026-01-01' existing = {
  name: namespaceName

  resource hub 'eventhubs' existing = {
    name: hubName

    // Not $Default: a second reader in the same group would take partitions from the app.
    resource group 'consumergroups' = {
      name: consumerGroup
    }
  }
}

resource receive 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for reader in readers: {
    scope: namespace::hub
    name: guid(namespace::hub.id, reader.seed, roles.eventHubsDataReceiver)
    properties: {
      principalId: reader.objectId
      principalType: reader.type
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventHubsDataReceiver)
    }
  }
]

resource send 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for producer in producers: {
    scope: namespace::hub
    name: guid(namespace::hub.id, producer.seed, roles.eventHubsDataSender)
    properties: {
      principalId: producer.objectId
      principalType: producer.type
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventHubsDataSender)
    }
  }
]
