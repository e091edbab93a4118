@description('Region of the identity.')
param location string

@description('Name of the identity.')
param name string

@description('Tags of the identity.')
param tags object

// User-assigned, since the connector's app registration can trust no other kind (federated credential).
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Resource id, for the app and its deployment.')
output id string = identity.id

@description('Client id, for the settings.')
output clientId string = identity.properties.clientId

@description('Object id: the subject of the federated credential and of every role assignment.')
output principalId string = identity.properties.principalId
