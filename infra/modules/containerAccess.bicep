@description('Object ids that get access.')
param principalIds array

@description('What they are.')
@allowed([
  'ServicePrincipal'
  'Group'
])
param principalType string

@description('Name of the data account.')
param accountName string

@description('Container, and nothing beside it.')
param containerName string

@description('Read, or read and write.')
@allowed([
  'read'
  'write'
])
param access string

var roles = {
  blobReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  blobContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
}
var role = access == 'write' ? roles.blobContributor : roles.blobReader

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = {
  name: '${accountName}/default/${containerName}'
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for id in principalIds: {
  name: guid(container.id, id, role)
  scope: container
  properties: {
    principalId: id
    principalType: principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
  }
}]
