// A Log Analytics workspace of our own.
import { logsSizes, resourceTags } from 'types.bicep'

param location string
param tags resourceTags
@minLength(4)
@maxLength(63)
param workspaceName string
param sizes logsSizes
param publicAccess bool

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: sizes.retentionDays
    workspaceCapping: {
      dailyQuotaGb: sizes.dailyCapGB
    }
    features: {
      // No workspace key: Azure resources write by diagnostic settings, the app by its identity.
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
    publicNetworkAccessForIngestion: publicAccess ? 'Enabled' : 'Disabled'
    publicNetworkAccessForQuery: publicAccess ? 'Enabled' : 'Disabled'
  }
}

#disable-next-line use-recent-api-versions // The only stable one is from 2016.
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: workspace
  name: 'to-log-analytics'
  properties: {
    workspaceId: workspace.id
    // Who asked what of the logs.
    logs: [
      {
        category: 'Audit'
        enabled: true
      }
    ]
  }
}
