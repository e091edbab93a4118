@description('Region of the endpoints.')
param location string

@description('First part of the names of the endpoints.')
param namePrefix string

@description('Tags of endpoints and zones.')
param tags object

@description('Network whose resolvers answer from the zones that are made here.')
param networkId string

@description('Subnet that the endpoints lie in.')
param subnetId string

@description('Resource group of existing private DNS zones; empty makes the zones here.')
param zonesResourceGroup string

@description('Subscription of that resource group.')
param zonesSubscriptionId string

@description('Register the addresses in the zones. Off where a policy of the hospital does that.')
param registerInZones bool

@description('Data account.')
param dataAccountId string

@description('Host\'s account.')
param hostAccountId string

@description('Vault.')
param vaultId string

@description('Function app; empty for Container Apps, whose environment is internal by itself.')
param appId string

@description('The data account has a hierarchical namespace.')
param hierarchical bool

var government = environment().name == 'AzureUSGovernment'
var storage = environment().suffixes.storage
var zoneNames = {
  blob: 'privatelink.blob.${storage}'
  queue: 'privatelink.queue.${storage}'
  table: 'privatelink.table.${storage}'
  dfs: 'privatelink.dfs.${storage}'
  vault: government ? 'privatelink.vaultcore.usgovcloudapi.net' : 'privatelink.vaultcore.azure.net'
  sites: government ? 'privatelink.azurewebsites.us' : 'privatelink.azurewebsites.net'
}

var always = [
  {
    name: '${namePrefix}-data-blob-pe'
    resourceId: dataAccountId
    groupId: 'blob'
    zone: zoneNames.blob
  }
  {
    name: '${namePrefix}-data-queue-pe'
    resourceId: dataAccountId
    groupId: 'queue'
    zone: zoneNames.queue
  }
  {
    name: '${namePrefix}-data-table-pe'
    resourceId: dataAccountId
    groupId: 'table'
    zone: zoneNames.table
  }
  {
    name: '${namePrefix}-host-blob-pe'
    resourceId: hostAccountId
    groupId: 'blob'
    zone: zoneNames.blob
  }
  {
    name: '${namePrefix}-host-queue-pe'
    resourceId: hostAccountId
    groupId: 'queue'
    zone: zoneNames.queue
  }
  {
    name: '${namePrefix}-host-table-pe'
    resourceId: hostAccountId
    groupId: 'table'
    zone: zoneNames.table
  }
  {
    name: '${namePrefix}-vault-pe'
    resourceId: vaultId
    groupId: 'vault'
    zone: zoneNames.vault
  }
]

var hierarchicalOnly = [
  {
    name: '${namePrefix}-data-dfs-pe'
    resourceId: dataAccountId
    groupId: 'dfs'
    zone: zoneNames.dfs
  }
]

var appOnly = [
  {
    name: '${namePrefix}-app-pe'
    resourceId: appId
    groupId: 'sites'
    zone: zoneNames.sites
  }
]

var endpoints = concat(always, hierarchical ? hierarchicalOnly : [], empty(appId) ? [] : appOnly)
var zones = [for zone in items(zoneNames): zone.value]

module privateZones 'privateZones.bicep' = if (registerInZones && empty(zonesResourceGroup)) {
  name: 'private-zones'
  params: {
    networkId: networkId
    tags: tags
    zones: zones
  }
}

module privateEndpoints 'privateEndpoints.bicep' = {
  name: 'private-endpoints'
  params: {
    location: location
    tags: tags
    subnetId: subnetId
    endpoints: endpoints
    zonesSubscriptionId: empty(zonesResourceGroup) ? subscription().subscriptionId : zonesSubscriptionId
    zonesResourceGroup: empty(zonesResourceGroup) ? resourceGroup().name : zonesResourceGroup
    registerInZones: registerInZones
  }
  dependsOn: [
    privateZones
  ]
}
