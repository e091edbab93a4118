@description('Object id of the pipeline\'s identity.')
param principalId string

@description('Names of what access is given to: data, host, vault, component.')
param made object

@description('What the pipeline works on in the data account: containers, readContainers, queues, tables.')
param stores object

@description('FHIR service that is a source: serviceName (workspace/service, empty for none), resourceGroup.')
param fhir object

@description('Who besides: uploaders (service principals), reportReaders and quarantineReaders (groups).')
param people object

@description('Lock data account and vault against deletion.')
param lock bool

resource data 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: made.data
}

module roles 'roles.bicep' = {
  name: 'roles'
  params: {
    principalId: principalId
    dataAccountName: made.data
    hostAccountName: made.host
    vaultName: made.vault
    componentName: made.component
    containers: stores.containers
    readContainers: stores.readContainers
    queues: stores.queues
    tables: stores.tables
  }
}

module uploaders 'containerAccess.bicep' = {
  name: 'uploaders'
  params: {
    principalIds: people.uploaders
    principalType: 'ServicePrincipal'
    accountName: made.data
    containerName: 'exports'
    access: 'put'
  }
}

module reportReaders 'containerAccess.bicep' = {
  name: 'report-readers'
  params: {
    principalIds: people.reportReaders
    principalType: 'Group'
    accountName: made.data
    containerName: 'status'
    access: 'read'
  }
}

module quarantineReaders 'containerAccess.bicep' = {
  name: 'quarantine-readers'
  params: {
    principalIds: people.quarantineReaders
    principalType: 'Group'
    accountName: made.data
    containerName: 'quarantine'
    access: 'read'
  }
}

module fhirAccess 'fhir.bicep' = if (!empty(fhir.serviceName)) {
  name: 'fhir'
  scope: resourceGroup(fhir.resourceGroup)
  params: {
    principalId: principalId
    serviceName: fhir.serviceName
    dataAccountId: data.id
  }
}

module locks 'locks.bicep' = if (lock) {
  name: 'locks'
  params: {
    dataAccountName: made.data
    vaultName: made.vault
  }
}
