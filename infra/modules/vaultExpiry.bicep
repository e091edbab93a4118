@description('Region of the topic: that of the vault.')
param location string

@description('Name of the system topic to make.')
param name string

@description('Tags of the topic.')
param tags object

@description('Vault that is watched.')
param vaultId string

@description('Action groups (resource ids) that are told.')
param actionGroupIds array

// The vault itself raises these 30 days before the end, for secrets and certificates that have an expiry date.
resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  properties: {
    source: vaultId
    topicType: 'Microsoft.KeyVault.vaults'
  }
}

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = if (!empty(actionGroupIds)) {
  parent: topic
  name: 'expiry'
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    destination: {
      endpointType: 'MonitorAlert'
      properties: {
        severity: 'Sev1'
        description: 'A client secret or certificate of a connector comes near its end. Renew it and put the new one into the vault under the same name.'
        actionGroups: actionGroupIds
      }
    }
    filter: {
      includedEventTypes: [
        'Microsoft.KeyVault.SecretNearExpiry'
        'Microsoft.KeyVault.SecretExpired'
        'Microsoft.KeyVault.CertificateNearExpiry'
        'Microsoft.KeyVault.CertificateExpired'
      ]
    }
  }
}
