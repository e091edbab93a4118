@description('Region of the network.')
param location string

@description('Name of the network that is made where there is none.')
param name string

@description('Tags of the network.')
param tags object

@description('Where the app runs: flex, dedicated or containerApps.')
param plan string

@description('Storage and vault are reached by private endpoints only.')
param private bool

@description('Address spaces: all, app, endpoints.')
param prefixes object

@description('One fixed outgoing address (NAT gateway).')
param fixedOutboundIp bool

@description('Existing subnet for the app; empty makes a network.')
param existingAppSubnetId string

@description('Existing subnet for private endpoints.')
param existingEndpointSubnetId string

@description('Further subnets whose service endpoints reach storage and vault. Ignored when private.')
param extraSubnetIds array

var own = empty(existingAppSubnetId)

module network 'network.bicep' = if (own) {
  name: 'network'
  params: {
    location: location
    name: name
    tags: tags
    addressPrefix: prefixes.all
    appSubnetPrefix: prefixes.app
    endpointSubnetPrefix: prefixes.endpoints
    delegation: plan == 'dedicated' ? 'Microsoft.Web/serverFarms' : 'Microsoft.App/environments'
    serviceEndpoints: !private
    fixedOutboundIp: fixedOutboundIp
  }
}

var appId = own ? network.outputs.appSubnetId : existingAppSubnetId

@description('Subnet of the app.')
output appSubnetId string = appId

@description('Subnet of private endpoints.')
output endpointSubnetId string = own ? network.outputs.endpointSubnetId : existingEndpointSubnetId

@description('Network of the app. An existing subnet lies in one too: its id without `/subnets/NAME`.')
output networkId string = own ? network.outputs.id : join(take(split(existingAppSubnetId, '/'), 9), '/')

@description('Subnets whose service endpoints storage and vault let in.')
output admittedSubnetIds array = private ? [] : concat([appId], extraSubnetIds)
