@description('Region of the endpoints.')
param location string

@description('Tags of the endpoints.')
param tags object

@description('Subnet that the endpoints lie in.')
param subnetId string

@description('One endpoint each: name, resourceId, groupId, zone.')
param endpoints array

@description('Subscription of the private DNS zones.')
param zonesSubscriptionId string

@description('Resource group of the private DNS zones.')
param zonesResourceGroup string

@description('Register the addresses in the zones. Off where a policy of the hospital does that.')
param registerInZones bool

resource privateEndpoints 'Microsoft.Network/privateEndpoints@2025-05-01' = [for endpoint in endpoints: {
  name: endpoint.name
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnetId
    }
    privateLinkServiceConnections: [
      {
        name: endpoint.groupId
        properties: {
          privateLinkServiceId: endpoint.resourceId
          groupIds: [
            endpoint.groupId
          ]
        }
      }
    ]
  }
}]

resource registrations 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [for (endpoint, i) in endpoints: if (registerInZones) {
  parent: privateEndpoints[i]
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: endpoint.groupId
        properties: {
          privateDnsZoneId: resourceId(zonesSubscriptionId, zonesResourceGroup, 'Microsoft.Network/privateDnsZones', endpoint.zone)
        }
      }
    ]
  }
}]
