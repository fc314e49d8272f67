// A rule for each alert of infra/alerts/alerts.json, with what the profile changes, and the workbook. infra/alerts/README.md says which
// member goes where.
import { resourceTags } from 'types.bicep'

param location string
param tags resourceTags
param namePrefix string
param profile 'cloud-secure' | 'cloud-test'
param logAnalyticsWorkspaceId string
param actionGroupId string
@description('What the path of a runbook is put behind, such as https://github.com/ORG/REPO/blob/main/')
param runbookBaseUrl string

var file = loadJsonContent('../alerts/alerts.json')
var changes = file.profiles[profile]

resource rules 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for alert in file.alerts: {
    name: '${namePrefix}-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: alert.name
      description: alert.description
      severity: changes[?alert.name].?severity ?? alert.severity
      enabled: changes[?alert.name].?enabled ?? true
      scopes: [logAnalyticsWorkspaceId]
      evaluationFrequency: 'PT${file.frequencyMinutes}M'
      windowSize: 'PT${changes[?alert.name].?windowMinutes ?? alert.windowMinutes}M'
      autoMitigate: true
      // A new workspace may not know its tables yet. The tests check each query against their columns.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: alert.query
            metricMeasureColumn: 'value'
            // One row for each combination of dimensions: the aggregation has one value to choose from.
            timeAggregation: alert.operator == 'GreaterThan' ? 'Maximum' : 'Minimum'
            operator: alert.operator
            threshold: changes[?alert.name].?threshold ?? alert.threshold
            dimensions: map(alert.dimensions, dimension => {
              name: dimension
              operator: 'Include'
              values: ['*']
            })
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: [actionGroupId]
        customProperties: {
          runbook: '${runbookBaseUrl}${alert.runbook}'
          profile: profile
        }
      }
    }
  }
]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, namePrefix, 'workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: '${namePrefix}: Backoffice sync'
    category: 'workbook'
    sourceId: logAnalyticsWorkspaceId
    serializedData: string(loadJsonContent('../workbook/workbook.json'))
  }
}
