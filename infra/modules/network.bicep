@description('Region of the network.')
param location string

@description('Name of the virtual network; the other names are made from it.')
param name string

@description('Tags of the network.')
param tags object

@description('Address space of the network.')
param addressPrefix string = '10.90.0.0/24'

@description('Subnet of the app, at least a /26.')
param appSubnetPrefix string = '10.90.0.0/26'

@description('Subnet of the private endpoints, at least a /27.')
param endpointSubnetPrefix string = '10.90.0.64/27'

@description('What the app\'s subnet is delegated to: Microsoft.App/environments for Flex Consumption and Container Apps, Microsoft.Web/serverFarms for a Dedicated plan.')
param delegation string

@description('Let the app reach storage and vault by service endpoints. Not needed with private endpoints.')
param serviceEndpoints bool

@description('One fixed outgoing address, for firewalls at the far end that want to know it.')
param fixedOutboundIp bool = false

resource appRules 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: '${name}-app-nsg'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        // The connector, Entra ID, Event Grid and monitoring all answer on 443; nothing else is spoken to.
        name: 'allow-https-out'
        properties: {
          priority: 100
          direction: 'Outbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'VirtualNetwork'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '443'
        }
      }
      {
        name: 'deny-other-internet-out'
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
  }
}

resource endpointRules 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: '${name}-endpoints-nsg'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'deny-internet-in'
        properties: {
          priority: 4000
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource outboundAddress 'Microsoft.Network/publicIPAddresses@2025-05-01' = if (fixedOutboundIp) {
  name: '${name}-out-ip'
  location: location
  tags: tags
  sku: {
    name: 'Standard'
  }
  properties: {
    publicIPAllocationMethod: 'Static'
  }
}

resource nat 'Microsoft.Network/natGateways@2025-05-01' = if (fixedOutboundIp) {
  name: '${name}-nat'
  location: location
  tags: tags
  sku: {
    name: 'Standard'
  }
  properties: {
    publicIpAddresses: [
      {
        id: outboundAddress.id
      }
    ]
  }
}

var storageAndVault = [
  {
    service: 'Microsoft.Storage'
  }
  {
    service: 'Microsoft.KeyVault'
  }
]

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [
        addressPrefix
      ]
    }
    // Subnets stand here and not as resources of their own: a second deployment would else try to remove them.
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: appSubnetPrefix
          networkSecurityGroup: {
            id: appRules.id
          }
          natGateway: fixedOutboundIp ? {
            id: nat.id
          } : null
          serviceEndpoints: serviceEndpoints ? storageAndVault : []
          delegations: [
            {
              name: 'app'
              properties: {
                serviceName: delegation
              }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: endpointSubnetPrefix
          defaultOutboundAccess: false
          networkSecurityGroup: {
            id: endpointRules.id
          }
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
    ]
  }
}

@description('Resource id of the network.')
output id string = network.id

@description('Subnet that the app sends from.')
output appSubnetId string = '${network.id}/subnets/app'

@description('Subnet that private endpoints lie in.')
output endpointSubnetId string = '${network.id}/subnets/endpoints'
