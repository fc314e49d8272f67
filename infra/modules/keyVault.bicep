// A vault of our own, for the key that hashes user ids and the key that seals dead letters. Their values are put there by hand or
// by a rotation, never by a deployment: a template and its parameters are kept in the deployment history.
import { resourceTags } from 'types.bicep'

param location string
param tags resourceTags
@minLength(3)
@maxLength(24)
param vaultName string
param publicAccess bool
param logAnalyticsWorkspaceId string

resource vault 'Microsoft.KeyVault/vaults@2026-05-15' = {
  name: vaultName
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    // A key that is gone makes every sealed dead letter unreadable. Cannot be switched off again.
    enablePurgeProtection: true
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    networkAcls: {
      defaultAction: publicAccess ? 'Allow' : 'Deny'
      bypass: 'None'
    }
  }
}

#disable-next-line use-recent-api-versions // The only stable one is from 2016.
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'to-log-analytics'
  properties: {
    workspaceId: logAnalyticsWorkspaceId
    logs: [
      {
        category: 'AuditEvent'
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
