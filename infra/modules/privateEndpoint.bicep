// A private endpoint of a resource, and its records in the private DNS zones.
import { resourceTags } from 'types.bicep'

param location string
param tags resourceTags
@maxLength(64)
param endpointName string
@description('The resource that it leads to.')
param targetId string
@description('Sub-resource, such as blob or namespace.')
param groupId string
param subnetId string
@description('Where the zones are: ours, or those of the organisation.')
param zonesSubscriptionId string
param zonesResourceGroup string
param zoneNames string[]

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' existing = [
  for name in zoneNames: {
    scope: resourceGroup(zonesSubscriptionId, zonesResourceGroup)
    name: name
  }
]

resource endpoint 'Microsoft.Network/privateEndpoints@2026-03-01' = {
  name: endpointName
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnetId
    }
    customNetworkInterfaceName: '${endpointName}-nic'
    privateLinkServiceConnections: [
      {
        name: groupId
        properties: {
          privateLinkServiceId: targetId
          groupIds: [groupId]
        }
      }
    ]
  }

  resource records 'privateDnsZoneGroups' = {
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        for (name, index) in zoneNames: {
          name: replace(name, '.', '-')
          properties: {
            privateDnsZoneId: zones[index].id
          }
        }
      ]
    }
  }
}
