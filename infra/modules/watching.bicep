@description('Region of rules and workbook.')
param location string

@description('First part of the names of the rules.')
param namePrefix string

@description('Environment, as the workbook shows it.')
param environmentName string

@description('Tags of what is made.')
param tags object

@description('Names of what is watched: data, host, vault, topic.')
param made object

@description('Workspace of the logs.')
param workspaceId string

@description('Log who reads, writes and deletes blobs, and who changes the deployed code.')
param storageAccessLogs bool

@description('Who gets the alerts: emails, actionGroupIds.')
param receivers object

@description('From when on somebody is told: waitingHours, silentHours, refusedPercent.')
param thresholds object

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: made.vault
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: made.topic
}

module diagnostics 'diagnostics.bicep' = {
  name: 'diagnostics'
  params: {
    workspaceId: workspaceId
    dataAccountName: made.data
    hostAccountName: made.host
    vaultName: made.vault
    topicName: made.topic
    storageAccessLogs: storageAccessLogs
  }
}

module alerts 'alerts.bicep' = {
  name: 'alerts'
  params: {
    location: location
    namePrefix: namePrefix
    tags: tags
    workspaceId: workspaceId
    emails: receivers.emails
    actionGroupIds: receivers.actionGroupIds
    waitingHours: thresholds.waitingHours
    silentHours: thresholds.silentHours
    refusedPercent: thresholds.refusedPercent
  }
}

module topicAlert 'topicAlert.bicep' = {
  name: 'topic-alert'
  params: {
    name: '${namePrefix}-dead-letters'
    tags: tags
    topicId: topic.id
    actionGroupIds: alerts.outputs.actionGroupIds
  }
}

module vaultExpiry 'vaultExpiry.bicep' = {
  name: 'vault-expiry'
  params: {
    location: location
    name: '${namePrefix}-vault-evgt'
    tags: tags
    vaultId: vault.id
    actionGroupIds: alerts.outputs.actionGroupIds
  }
}

module workbook 'workbook.bicep' = {
  name: 'workbook'
  params: {
    location: location
    tags: tags
    workspaceId: workspaceId
    displayName: 'EHR exports to Purview (${environmentName})'
  }
}
