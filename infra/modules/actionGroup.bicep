// Who is told when an alert fires.
import { resourceTags } from 'types.bicep'

param tags resourceTags
@maxLength(260)
param actionGroupName string
param emails string[]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'bo-sync'
    emailReceivers: [
      for email in emails: {
        name: email
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}
