@description('Region of the account.')
param location string

@description('Name of the account, 3 to 24 lower-case letters and digits.')
@minLength(3)
@maxLength(24)
param name string

@description('Tags of the account.')
param tags object

@description('Redundancy. The geo-redundant kinds survive the loss of a region.')
param sku string = 'Standard_GRS'

@description('A hierarchical namespace with SFTP. Cannot be changed later.')
param sftp bool = false

@description('Closed to every public address: reached by private endpoints only.')
param private bool = false

@description('Subnets let in by service endpoint. Ignored when private.')
param subnetIds array = []

@description('Public IPv4 addresses, single or ranges (CIDR), from which exports are uploaded and reports are read. Ignored when private.')
param ipRanges array = []

@description('Containers of the pipeline.')
param containers array

@description('Queues of the pipeline, poison queues included: a queue made by the host would need wider rights.')
param queues array

@description('Tables of the ledger.')
param tables array

@description('Days that a deleted or overwritten blob can be brought back: what an EHR overwrote before it was picked up.')
@minValue(1)
@maxValue(365)
param softDeleteDays int = 14

@description('Days that a report in the archive can be neither changed nor deleted; 0 for no such policy.')
@minValue(0)
@maxValue(3650)
param archiveImmutableDays int = 0

@description('The policy has been locked: it is left alone, since a locked one refuses to be written again.')
param archivePolicyLocked bool = false

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isHnsEnabled: sftp
    isSftpEnabled: sftp
    isLocalUserEnabled: sftp
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    networkAcls: {
      // Event Grid delivers to the queue and to the dead letters as a trusted service.
      bypass: 'AzureServices'
      defaultAction: 'Deny'
      virtualNetworkRules: [for id in subnetIds: {
        id: id
        action: 'Allow'
      }]
      ipRules: [for range in ipRanges: {
        // A single address is taken without /32 only.
        value: replace(range, '/32', '')
        action: 'Allow'
      }]
    }
    encryption: {
      keySource: 'Microsoft.Storage'
      requireInfrastructureEncryption: true
      services: {
        blob: {
          enabled: true
          keyType: 'Account'
        }
        queue: {
          enabled: true
          keyType: 'Account'
        }
        table: {
          enabled: true
          keyType: 'Account'
        }
      }
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    // Versioning stays off: with it every snapshot would make a further version, and SFTP accounts know none.
    deleteRetentionPolicy: {
      enabled: true
      days: softDeleteDays
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: softDeleteDays
    }
  }
}

resource blobContainers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [for container in containers: {
  parent: blobs
  name: container
  properties: {
    publicAccess: 'None'
  }
}]

// The policy starts unlocked: locking it cannot be undone, so that stays a decision of the hospital (docs/deploy.md).
resource archivePolicy 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2025-06-01' = if (archiveImmutableDays > 0 && !archivePolicyLocked) {
  name: '${name}/default/status-archive/default'
  properties: {
    immutabilityPeriodSinceCreationInDays: archiveImmutableDays
    allowProtectedAppendWrites: false
  }
  dependsOn: [
    blobContainers
  ]
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-06-01' = {
  parent: account
  name: 'default'
}

resource accountQueues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' = [for queue in queues: {
  parent: queueService
  name: queue
}]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-06-01' = {
  parent: account
  name: 'default'
}

resource accountTables 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-06-01' = [for table in tables: {
  parent: tableService
  name: table
}]

@description('Name of the account.')
output name string = account.name

@description('Blob endpoint without the final slash.')
output blobUri string = 'https://${account.name}.blob.${environment().suffixes.storage}'
