@description('Virtual network whose resolvers answer from the zones.')
param networkId string

@description('Tags of the zones.')
param tags object

@description('Names of the zones.')
param zones array

resource privateZones 'Microsoft.Network/privateDnsZones@2024-06-01' = [for zone in zones: {
  name: zone
  location: 'global'
  tags: tags
}]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [for (zone, i) in zones: {
  parent: privateZones[i]
  name: 'pipeline'
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: networkId
    }
  }
}]
