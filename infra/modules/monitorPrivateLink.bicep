// Azure Monitor behind a private endpoint. A network can use one scope only, and its DNS zones send every name of Azure Monitor there:
// never in a network of somebody else. There, their scope takes our resources (monitorScopedResources.bicep).
import { resourceTags } from 'types.bicep'

param tags resourceTags
@maxLength(255)
param scopeName string

resource scope 'Microsoft.Insights/privateLinkScopes@2021-09-01' = {
  name: scopeName
  location: 'global'
  tags: tags
  properties: {
    accessModeSettings: {
      // From this network, telemetry goes to the resources of this scope and nowhere else.
      ingestionAccessMode: 'PrivateOnly'
      queryAccessMode: 'PrivateOnly'
    }
  }
}
