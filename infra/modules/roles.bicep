@description('Object id of the pipeline\'s identity.')
param principalId string

@description('Name of the data account.')
param dataAccountName string

@description('Name of the host\'s account.')
param hostAccountName string

@description('Name of the vault.')
param vaultName string

@description('Name of the Application Insights component.')
param componentName string

@description('Containers that the pipeline reads, writes and clears.')
param containers array

@description('Containers that the pipeline only reads.')
param readContainers array

@description('Queues that the pipeline sends to and receives from.')
param queues array

@description('Tables of the ledger.')
param tables array

// Built-in roles, the narrowest that hold the data actions in use (test/unit/infra/roles.test.ts has the table).
var roles = {
  blobOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  blobReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  blobContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  queueContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  tableContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  secretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
  metricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
}

resource blobContainers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = [for container in containers: {
  name: '${dataAccountName}/default/${container}'
}]

resource auditContainers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = [for container in readContainers: {
  name: '${dataAccountName}/default/${container}'
}]

resource dataQueues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' existing = [for queue in queues: {
  name: '${dataAccountName}/default/${queue}'
}]

resource dataTables 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-06-01' existing = [for table in tables: {
  name: '${dataAccountName}/default/${table}'
}]

resource hostAccount 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: hostAccountName
}

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: vaultName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

// Contributor, not Reader, on exports too: a snapshot is a write, dropping it a delete.
resource containerRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (container, i) in containers: {
  name: guid(blobContainers[i].id, principalId, roles.blobContributor)
  scope: blobContainers[i]
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobContributor)
  }
}]

resource auditRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (container, i) in readContainers: {
  name: guid(auditContainers[i].id, principalId, roles.blobReader)
  scope: auditContainers[i]
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobReader)
  }
}]

// Contributor, not Message Processor: the host renews the invisibility of a message in work, which is a write.
resource queueRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (queue, i) in queues: {
  name: guid(dataQueues[i].id, principalId, roles.queueContributor)
  scope: dataQueues[i]
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.queueContributor)
  }
}]

resource tableRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (table, i) in tables: {
  name: guid(dataTables[i].id, principalId, roles.tableContributor)
  scope: dataTables[i]
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableContributor)
  }
}]

// What the Functions host asks of its own account: leases and keys (Owner), queue of the blob trigger, its diagnostic events.
var hostRoles = [
  roles.blobOwner
  roles.queueContributor
  roles.tableContributor
]

resource hostAccountRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in hostRoles: {
  name: guid(hostAccount.id, principalId, role)
  scope: hostAccount
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
  }
}]

resource vaultRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, principalId, roles.secretsUser)
  scope: vault
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.secretsUser)
  }
}

resource telemetryRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(component.id, principalId, roles.metricsPublisher)
  scope: component
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.metricsPublisher)
  }
}
