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

@description('Read, or put in and nothing else.')
@allowed([
  'read'
  'put'
])
param access string

var blobReader = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1')
var putting = access == 'put' && !empty(principalIds)

// No built-in role puts blobs in without reading and deleting them: whoever takes over the EHR's identity is to see no export.
resource put 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (putting) {
  name: guid(resourceGroup().id, accountName, 'put')
  properties: {
    roleName: 'Blob uploader of ${accountName}'
    description: 'Puts blobs in and overwrites them. Reads, lists and deletes none.'
    type: 'CustomRole'
    assignableScopes: [
      resourceGroup().id
    ]
    permissions: [
      {
        actions: []
        dataActions: [
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'
        ]
      }
    ]
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = {
  name: '${accountName}/default/${containerName}'
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for id in principalIds: {
  name: guid(container.id, id, access)
  scope: container
  properties: {
    principalId: id
    principalType: principalType
    roleDefinitionId: putting ? put.id : blobReader
  }
}]
