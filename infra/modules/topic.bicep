@description('Region of the topic: that of the account.')
param location string

@description('Name of the system topic to make.')
param name string

@description('Tags of the topic.')
param tags object

@description('Name of the data account, the source of the events.')
param accountName string

@description('System topic that the account already has, with a system-assigned identity; an account can have only one. Empty makes one.')
param existingTopicName string = ''

var roles = {
  queueSender: 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
  blobContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
}

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: accountName
}

resource eventQueue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' existing = {
  name: '${accountName}/default/blob-events'
}

resource deadLetters 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = {
  name: '${accountName}/default/dead-letters'
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = if (empty(existingTopicName)) {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: account.id
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

// Of the topic in use, so that another deployment of the same topic (docs/deploy.md, "Disaster recovery") meets the assignments
// that are there: under another name they would be refused (RoleAssignmentExists).
var topicName = empty(existingTopicName) ? name : existingTopicName

resource existingTopic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

var principalId = empty(existingTopicName) ? topic.identity.principalId : existingTopic.identity.principalId

// Delivery to the queue and dead-lettering go by this identity; without one they would need the account's keys.
resource sender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(eventQueue.id, topicName, roles.queueSender)
  scope: eventQueue
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.queueSender)
  }
}

resource deadLetterWriter 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(deadLetters.id, topicName, roles.blobContributor)
  scope: deadLetters
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobContributor)
  }
}

@description('Name of the topic in use.')
output name string = existingTopic.name
