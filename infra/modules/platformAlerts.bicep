// Alerts on what Azure itself measures and logs: they need no code of ours to run. platform.json has them with their thresholds.
import { resourceTags } from 'types.bicep'

param location string
param tags resourceTags
param namePrefix string
@description('Resource id of each target that platform.json names. One that is left out (another team\'s namespace) gets no alert.')
param targets {
  *: string
}
@description('Connections that the database server takes.')
param userConnections int
param logAnalyticsWorkspaceId string
param actionGroupId string
@description('What the path of the page is put behind.')
param runbookBaseUrl string

var file = loadJsonContent('../alerts/platform.json')
var page = '${runbookBaseUrl}${file.page}'

resource metrics 'Microsoft.Insights/metricAlerts@2026-01-01' = [
  for alert in filter(file.metrics, one => contains(targets, one.target)): {
    name: '${namePrefix}-${alert.name}'
    location: 'global'
    tags: tags
    properties: {
      description: alert.description
      severity: alert.severity
      enabled: true
      scopes: [targets[alert.target]]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT${alert.windowMinutes}M'
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: alert.name
            metricName: alert.metric
            timeAggregation: alert.aggregation
            operator: alert.operator
            threshold: alert.?of == 'connections' ? alert.threshold * userConnections / 100 : alert.threshold
            // A resource that was just made may not have measured anything yet.
            skipMetricValidation: true
          }
        ]
      }
      actions: [
        {
          actionGroupId: actionGroupId
          webHookProperties: {
            runbook: page
          }
        }
      ]
    }
  }
]

resource logs 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for alert in file.logs: {
    name: '${namePrefix}-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: alert.name
      description: alert.description
      severity: alert.severity
      enabled: true
      scopes: [logAnalyticsWorkspaceId]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT${alert.windowMinutes}M'
      autoMitigate: true
      // A new workspace does not know the table yet.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: alert.query
            metricMeasureColumn: 'value'
            timeAggregation: 'Maximum'
            operator: 'GreaterThan'
            threshold: 0
            dimensions: []
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
          runbook: page
        }
      }
    }
  }
]
