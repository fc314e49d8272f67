// The Function App on Flex Consumption. Its settings are exactly those that the app checks at start (README.md, Settings); none of the
// ones that Flex Consumption forbids, no diagnostic settings on the site (it has none), no slots.
import { functionsSizes, principal, resourceTags } from 'types.bicep'
import { roles } from 'roles.bicep'

param location string
param tags resourceTags
@maxLength(40)
param planName string
@description('32 characters: the host tells apps on one storage account apart by so many.')
@minLength(2)
@maxLength(32)
param appName string
param sizes functionsSizes
@description('Names of the functions that read a hub.')
param ingestFunctions string[]
param identityId string
param packageContainerUrl string
@description('Names as the app reads them; no secret among them.')
param settings {
  *: string
}
param publicAccess bool
@description('Empty: the app is in no network.')
param subnetId string
@description('They publish packages, and nothing else.')
param publishers principal[]

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    reserved: true
    zoneRedundant: sizes.zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: appName
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    // Nothing else: Flex Consumption refuses what belongs to other plans (ftpsState, alwaysOn and so on) with error 51021.
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      appSettings: map(items(settings), setting => {
        name: setting.key
        value: setting.value
      })
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'node'
        version: '24'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: sizes.instanceMemoryMB
        maximumInstanceCount: sizes.maximumInstances
        // Each function scales by itself, an ingest function up to one instance a partition. Freshness of seconds does not survive a cold
        // start (scale from zero takes tens of seconds), so the profile that promises it keeps instances of the ingest functions. Not of
        // syncMetrics, which runs every 30 s and so never goes cold, nor of dlqReplay, for which nobody waits by the second.
        alwaysReady: sizes.alwaysReady == 0
          ? []
          : map(ingestFunctions, name => {
              name: 'function:${name}'
              instanceCount: sizes.alwaysReady
            })
      }
    }
  }

  // No user name and password for publishing.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }
}

resource publish 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for publisher in publishers: {
    scope: app
    name: guid(app.id, publisher.objectId, roles.websiteContributor)
    properties: {
      principalId: publisher.objectId
      principalType: publisher.type
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.websiteContributor)
    }
  }
]
