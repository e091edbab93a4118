@description('Region of the account.')
param location string

@description('Name of the account, 3 to 24 lower-case letters and digits.')
@minLength(3)
@maxLength(24)
param name string

@description('Tags of the account.')
param tags object

@description('Closed to every public address: reached by private endpoints only.')
param private bool = false

@description('Subnets let in by service endpoint. Ignored when private.')
param subnetIds array = []

@description('Public IPv4 addresses, single or ranges (CIDR), from which the package is deployed. Ignored when private.')
param ipRanges array = []

// The host's own account: leases of timers, keys, the deployed package. It never holds an export.
resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  // checkov:skip=CKV_AZURE_206: Nothing in here outlives a deployment; after the loss of a region it is deployed anew.
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    networkAcls: {
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
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

resource deployments 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: 'deployments'
  properties: {
    publicAccess: 'None'
  }
}

@description('Name of the account.')
output name string = account.name
