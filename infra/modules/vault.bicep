@description('Region of the vault.')
param location string

@description('Name of the vault, 3 to 24 letters, digits and hyphens.')
@minLength(3)
@maxLength(24)
param name string

@description('Tags of the vault.')
param tags object

@description('Closed to every public address: reached by a private endpoint only.')
param private bool = false

@description('Subnets let in by service endpoint. Ignored when private.')
param subnetIds array = []

@description('Public IPv4 addresses or ranges (CIDR) from which secrets are put in. Ignored when private.')
param ipRanges array = []

// For what cannot be a federated credential: a client secret or PEM certificate of another tenant, keys of FHIR headers.
resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: subscription().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: 'Deny'
      virtualNetworkRules: [for id in subnetIds: {
        id: id
      }]
      ipRules: [for range in ipRanges: {
        value: range
      }]
    }
  }
}

@description('Name of the vault.')
output name string = vault.name
