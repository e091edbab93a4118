@description('Workspace that keeps the logs.')
param workspaceId string

@description('Name of the data account.')
param dataAccountName string

@description('Name of the host\'s account, which holds the deployed code.')
param hostAccountName string

@description('Name of the vault.')
param vaultName string

@description('Name of the system topic.')
param topicName string

@description('Log every read, write and delete of the data account, who touched an export, and every change of the host\'s account. The log names blobs.')
param storageAccessLogs bool

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' existing = {
  name: '${dataAccountName}/default'
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2025-06-01' existing = {
  name: '${dataAccountName}/default'
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2025-06-01' existing = {
  name: '${dataAccountName}/default'
}

resource hostBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' existing = {
  name: '${hostAccountName}/default'
}

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: vaultName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

// Queues are polled many times a second and the ledger is written with every batch: their writes alone are logged, not reads.
var changes = [
  {
    category: 'StorageWrite'
    enabled: true
  }
  {
    category: 'StorageDelete'
    enabled: true
  }
]

resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (storageAccessLogs) {
  scope: blobs
  name: 'pipeline'
  properties: {
    workspaceId: workspaceId
    logs: concat(changes, [
      {
        category: 'StorageRead'
        enabled: true
      }
    ])
  }
}

resource queueLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (storageAccessLogs) {
  scope: queues
  name: 'pipeline'
  properties: {
    workspaceId: workspaceId
    logs: changes
  }
}

resource tableLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (storageAccessLogs) {
  scope: tables
  name: 'pipeline'
  properties: {
    workspaceId: workspaceId
    logs: changes
  }
}

// Who replaced the code, or a key of a function. Reads are the host's own leases, many a minute.
resource hostLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (storageAccessLogs) {
  scope: hostBlobs
  name: 'pipeline'
  properties: {
    workspaceId: workspaceId
    logs: changes
  }
}

resource vaultLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'pipeline'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'AuditEvent'
        enabled: true
      }
    ]
  }
}

resource topicLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: topic
  name: 'pipeline'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'DeliveryFailures'
        enabled: true
      }
    ]
  }
}
