// Virtual network of the private profile: a subnet for the app, one for the private endpoints, one for a runner that migrates the
// database, puts secrets into the vault and publishes the package.
import { resourceTags } from 'types.bicep'

param location string
param tags resourceTags
param namePrefix string
@minLength(2)
@maxLength(64)
param networkName string
@description('At least a /24.')
param addressSpace string
@description('Empty: those of Azure.')
param dnsServers string[]
@description('Private address of a firewall in a network that is peered with this one. Empty: only what the security group lets out.')
param egressFirewallAddress string
@description('Service that the runner\'s subnet is delegated to, such as GitHub.Network/networkSettings. Empty: none, for a machine.')
param runnerDelegation string
param logAnalyticsWorkspaceId string

var throughFirewall = !empty(egressFirewallAddress)

resource appSecurity 'Microsoft.Network/networkSecurityGroups@2026-03-01' = {
  name: 'nsg-${namePrefix}-app'
  location: location
  tags: tags
  properties: {
    securityRules: concat(
      [
        // Private endpoints, and name servers of the network.
        {
          name: 'AllowToNetwork'
          properties: {
            priority: 100
            direction: 'Outbound'
            access: 'Allow'
            protocol: '*'
            sourceAddressPrefix: 'VirtualNetwork'
            sourcePortRange: '*'
            destinationAddressPrefix: 'VirtualNetwork'
            destinationPortRanges: ['53', '443', '5432', '5671']
          }
        }
        {
          name: 'DenyOtherToNetwork'
          properties: {
            priority: 200
            direction: 'Outbound'
            access: 'Deny'
            protocol: '*'
            sourceAddressPrefix: '*'
            sourcePortRange: '*'
            destinationAddressPrefix: 'VirtualNetwork'
            destinationPortRange: '*'
          }
        }
        // Tokens of the identity.
        {
          name: 'AllowToEntra'
          properties: {
            priority: 300
            direction: 'Outbound'
            access: 'Allow'
            protocol: 'Tcp'
            sourceAddressPrefix: '*'
            sourcePortRange: '*'
            destinationAddressPrefix: 'AzureActiveDirectory'
            destinationPortRange: '443'
          }
        }
        // Where the host gets extension bundles that its image does not have.
        {
          name: 'AllowToExtensionBundles'
          properties: {
            priority: 310
            direction: 'Outbound'
            access: 'Allow'
            protocol: 'Tcp'
            sourceAddressPrefix: '*'
            sourcePortRange: '*'
            destinationAddressPrefix: 'AzureFrontDoor.FirstParty'
            destinationPortRange: '443'
          }
        }
        // The platform's own traffic. By the service endpoint below it goes past a firewall; without this rule it would end at
        // DenyToInternet.
        {
          name: 'AllowToPlatform'
          properties: {
            priority: 320
            direction: 'Outbound'
            access: 'Allow'
            protocol: 'Tcp'
            sourceAddressPrefix: '*'
            sourcePortRange: '*'
            destinationAddressPrefix: 'AppService'
            destinationPortRange: '443'
          }
        }
      ],
      // A group sees the address beyond the firewall: with one, the firewall decides.
      throughFirewall
        ? []
        : [
            {
              name: 'DenyToInternet'
              properties: {
                priority: 4000
                direction: 'Outbound'
                access: 'Deny'
                protocol: '*'
                sourceAddressPrefix: '*'
                sourcePortRange: '*'
                destinationAddressPrefix: 'Internet'
                destinationPortRange: '*'
              }
            }
          ]
    )
  }
}

resource endpointsSecurity 'Microsoft.Network/networkSecurityGroups@2026-03-01' = {
  name: 'nsg-${namePrefix}-endpoints'
  location: location
  tags: tags
  properties: {
    securityRules: [
      // HTTPS, PostgreSQL, AMQP, Kafka: from here and from peered networks (Admin API, producers).
      {
        name: 'AllowFromNetwork'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'VirtualNetwork'
          sourcePortRange: '*'
          destinationAddressPrefix: 'VirtualNetwork'
          destinationPortRanges: ['443', '5432', '5671', '9093']
        }
      }
      {
        name: 'DenyOther'
        properties: {
          priority: 4000
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource runnerSecurity 'Microsoft.Network/networkSecurityGroups@2026-03-01' = {
  name: 'nsg-${namePrefix}-runner'
  location: location
  tags: tags
  properties: {
    securityRules: [
      // A runner calls out; nobody calls it.
      {
        name: 'DenyAll'
        properties: {
          priority: 4000
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource egress 'Microsoft.Network/routeTables@2026-03-01' = if (throughFirewall) {
  name: 'rt-${namePrefix}-egress'
  location: location
  tags: tags
  properties: {
    disableBgpRoutePropagation: true
    routes: [
      {
        name: 'ToFirewall'
        properties: {
          addressPrefix: '0.0.0.0/0'
          nextHopType: 'VirtualAppliance'
          nextHopIpAddress: egressFirewallAddress
        }
      }
    ]
  }
}

// Subnets belong in the network itself: as resources of their own, the next deployment of the network may take them away.
resource network 'Microsoft.Network/virtualNetworks@2026-03-01' = {
  name: networkName
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [addressSpace]
    }
    dhcpOptions: empty(dnsServers)
      ? null
      : {
          dnsServers: dnsServers
        }
    subnets: [
      // Flex Consumption: delegated, no underscore in the name, /27 at least; a bit more room for scaling.
      {
        name: 'app'
        properties: {
          addressPrefix: cidrSubnet(addressSpace, 26, 0)
          defaultOutboundAccess: false
          delegations: [
            {
              name: 'functions'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
          networkSecurityGroup: {
            id: appSecurity.id
          }
          routeTable: throughFirewall
            ? {
                id: egress.id
              }
            : null
          // With a private endpoint on the site, publishing can hang while workers are exchanged; this endpoint has helped
          // (Azure/azure-functions 2635).
          serviceEndpoints: [
            {
              service: 'Microsoft.Web'
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressSpace, 26, 1)
          defaultOutboundAccess: false
          networkSecurityGroup: {
            id: endpointsSecurity.id
          }
          // Else the security group would not apply to private endpoints.
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
      {
        name: 'runner'
        properties: {
          addressPrefix: cidrSubnet(addressSpace, 27, 4)
          // Without a firewall the runner has to reach the service that gives it work.
          defaultOutboundAccess: !throughFirewall
          delegations: empty(runnerDelegation)
            ? []
            : [
                {
                  name: 'runner'
                  properties: {
                    serviceName: runnerDelegation
                  }
                }
              ]
          networkSecurityGroup: {
            id: runnerSecurity.id
          }
          routeTable: throughFirewall
            ? {
                id: egress.id
              }
            : null
        }
      }
    ]
  }
}

#disable-next-line use-recent-api-versions // The only stable one is from 2016.
resource networkLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: network
  name: 'to-log-analytics'
  properties: {
    workspaceId: logAnalyticsWorkspaceId
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}
