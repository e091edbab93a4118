@description('Region of the app.')
param location string

@description('Names: base (first part of the names of endpoints), plan, app.')
param names object

@description('Tags of what is made.')
param tags object

@description('Where the app runs: flex, dedicated or containerApps.')
param plan string

@description('How large: nodeVersion, memoryMB and instances (most of them), sku and dedicatedInstances of a Dedicated plan.')
param size object

@description('Image for Container Apps: name, registry (empty for one without sign-in).')
param image object

@description('Spread app and plan over availability zones.')
param zoneRedundant bool

@description('The pipeline\'s identity: id, clientId, principalId.')
param identity object

@description('Names of what the app works with: data, host, vault, component, topic.')
param made object

@description('Workspace of the logs.')
param workspaceId string

@description('What the app is told: eventSource, pin, connectors, report (timeZone, hour, expectedBy), retentionDays, fhirServiceName, fhirKeySecretName, extra.')
param settings object

@description('Who may open the status page: appClientId (empty for a function key), groupIds, ipRanges when private.')
param status object

@description('Public addresses, single or ranges in CIDR, that may deploy the package.')
param deployIpRanges array

@description('Closed to public addresses.')
param private bool

@description('Network: id, appSubnetId, endpointSubnetId.')
param network object

@description('Private DNS: register, resourceGroup and subscriptionId of existing zones (empty makes them here).')
param privateDns object

var containers = plan == 'containerApps'
var suffix = environment().suffixes.storage
var dataUris = {
  blobUri: 'https://${made.data}.blob.${suffix}'
  queueUri: 'https://${made.data}.queue.${suffix}'
  tableUri: 'https://${made.data}.table.${suffix}'
}
var hostUris = {
  blobUri: 'https://${made.host}.blob.${suffix}'
  queueUri: 'https://${made.host}.queue.${suffix}'
  tableUri: 'https://${made.host}.table.${suffix}'
}

resource data 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: made.data
}

resource host 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: made.host
}

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: made.vault
}

module appSettings 'settings.bicep' = {
  name: 'app-settings'
  params: {
    data: dataUris
    host: hostUris
    clientId: identity.clientId
    principalId: identity.principalId
    componentName: made.component
    vaultUri: vault.properties.vaultUri
    statusAppClientId: status.appClientId
    eventSource: settings.eventSource
    pin: settings.pin
    connectors: settings.connectors
    report: settings.report
    retentionDays: settings.retentionDays
    fhirServiceName: settings.fhirServiceName
    fhirKeySecretName: settings.fhirKeySecretName
    extra: settings.extra
  }
}

module app 'functionApp.bicep' = if (!containers) {
  name: 'app'
  params: {
    location: location
    planName: names.plan
    appName: names.app
    tags: tags
    dedicated: plan == 'dedicated'
    dedicatedSku: size.sku
    dedicatedInstances: size.dedicatedInstances
    zoneRedundant: zoneRedundant
    nodeVersion: size.nodeVersion
    instanceMemoryMB: size.memoryMB
    maximumInstanceCount: size.instances
    identityId: identity.id
    appSettings: appSettings.outputs.values
    hostBlobUri: hostUris.blobUri
    subnetId: network.appSubnetId
    private: private
    eventSource: settings.eventSource
    statusIpRanges: status.ipRanges
    deployIpRanges: deployIpRanges
    statusAppClientId: status.appClientId
    statusGroupIds: status.groupIds
  }
}

module containerApp 'containerApp.bicep' = if (containers) {
  name: 'container-app'
  params: {
    location: location
    environmentName: names.plan
    appName: names.app
    tags: tags
    image: image.name
    registryName: image.registry
    identityId: identity.id
    principalId: identity.principalId
    appSettings: appSettings.outputs.values
    dataAccountName: made.data
    subnetId: network.appSubnetId
    private: private
    zoneRedundant: zoneRedundant
    maximumInstanceCount: size.instances
    workspaceId: workspaceId
  }
}

module containerDns 'containerDns.bicep' = if (containers && private && privateDns.register) {
  name: 'container-dns'
  params: {
    domain: containerApp.outputs.domain
    staticIp: containerApp.outputs.staticIp
    networkId: network.id
    tags: tags
  }
}

module privateAccess 'privateAccess.bicep' = if (private) {
  name: 'private-access'
  params: {
    location: location
    namePrefix: names.base
    tags: tags
    networkId: network.id
    subnetId: network.endpointSubnetId
    zonesSubscriptionId: privateDns.subscriptionId
    zonesResourceGroup: privateDns.resourceGroup
    registerInZones: privateDns.register
    dataAccountId: data.id
    hostAccountId: host.id
    vaultId: vault.id
    appId: containers ? '' : app.outputs.id
    hierarchical: settings.pin == 'copy'
  }
}

// The subscription to the webhook needs a key that only the running app has: infra/webhook.bicep, after the code.
module subscription 'subscription.bicep' = if (settings.eventSource == 'queue') {
  name: 'subscription'
  params: {
    topicName: made.topic
    accountName: made.data
    eventSource: 'queue'
  }
  // Not needed by the subscription. The topic's role is minutes old by then: a new one is not known everywhere at once, and Event
  // Grid refuses a destination that it may not write to.
  dependsOn: [
    app
    containerApp
  ]
}

@description('Name of the app.')
output name string = containers ? containerApp.outputs.name : app.outputs.name

@description('Name of the host that answers.')
output hostName string = containers ? containerApp.outputs.hostName : app.outputs.hostName
