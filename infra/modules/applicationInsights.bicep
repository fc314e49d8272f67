// Application Insights on a Log Analytics workspace: alerts and workbook query the workspace. The connection string says only where the
// ingestion is: without a token of the app's identity nothing is taken.
import { resourceTags } from 'types.bicep'
import { roles } from 'roles.bicep'

param location string
param tags resourceTags
@maxLength(255)
param componentName string
param logAnalyticsWorkspaceId string
param publicAccess bool
@description('The identity of the Function App, and its object id.')
param appIdentityId string
param appPrincipalId string

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: componentName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: logAnalyticsWorkspaceId
    IngestionMode: 'LogAnalytics'
    DisableLocalAuth: true
    publicNetworkAccessForIngestion: publicAccess ? 'Enabled' : 'Disabled'
    publicNetworkAccessForQuery: publicAccess ? 'Enabled' : 'Disabled'
  }
}

resource appMetrics 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: component
  name: guid(component.id, appIdentityId, roles.monitoringMetricsPublisher)
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.monitoringMetricsPublisher
    )
  }
}

output connectionString string = component.properties.ConnectionString
