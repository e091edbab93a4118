@description('Region of the data account.')
param location string

@description('Names of what is made: data, topic.')
param names object

@description('Tags of what is made.')
param tags object

@description('Redundancy of the data account.')
param sku string

@description('SFTP: on, publicKey (empty makes no user yet), permissions, connector (the user\'s folder).')
param sftp object

@description('Closed to every public address.')
param private bool

@description('Subnets let in by service endpoint.')
param subnetIds array

@description('Public addresses, single or ranges in CIDR, from which exports are uploaded. Ignored when private.')
param ipRanges array

@description('Make the container of a FHIR service\'s audit log.')
param withAuditLog bool

@description('Days that is kept what is deleted (soft), exports, pins, quarantine, status; immutable: reports of status-archive, 0 for no such policy.')
param days object

@description('The policy of status-archive is locked: leave it alone.')
param archivePolicyLocked bool

@description('System topic that the account already has; empty makes one.')
param existingSystemTopicName string

// Names that the code uses; test/unit/infra/names.test.ts keeps them equal to shared/ledger/model.ts.
var pipelineContainers = [
  'exports'
  'staging'
  'quarantine'
  'status'
  'status-archive'
]
var eventContainers = [
  'dead-letters'
]
// Azure Monitor writes the audit log of a FHIR service here; the name is its own.
var auditContainers = withAuditLog ? [
  'insights-logs-auditlogs'
] : []
var pipelineQueues = [
  'chunks'
  'chunks-poison'
  'chunks-poison-poison'
  'blob-events'
  'blob-events-poison'
  'webjobs-blobtrigger-poison'
]
var pipelineTables = [
  'exports'
  'chunks'
  'connectors'
  'contents'
  'marks'
]

module data 'dataStorage.bicep' = {
  name: 'data-storage'
  params: {
    location: location
    name: names.data
    tags: tags
    sku: sku
    sftp: sftp.on
    private: private
    subnetIds: subnetIds
    ipRanges: private ? [] : ipRanges
    containers: concat(pipelineContainers, eventContainers, auditContainers)
    queues: pipelineQueues
    tables: pipelineTables
    softDeleteDays: days.soft
    archiveImmutableDays: days.immutable
    archivePolicyLocked: archivePolicyLocked
  }
}

module lifecycle 'lifecycle.bicep' = {
  name: 'lifecycle'
  params: {
    accountName: data.outputs.name
    hierarchical: sftp.on
    exportDays: days.exports
    pinDays: days.pins
    quarantineDays: days.quarantine
    statusDays: days.status
  }
}

module sftpUser 'sftpUser.bicep' = if (sftp.on && !empty(sftp.publicKey)) {
  name: 'sftp-user'
  params: {
    accountName: data.outputs.name
    userName: 'ehr'
    connector: sftp.connector
    publicKey: sftp.publicKey
    permissions: sftp.permissions
  }
}

module topic 'topic.bicep' = {
  name: 'topic'
  params: {
    location: location
    name: names.topic
    tags: tags
    accountName: data.outputs.name
    existingTopicName: existingSystemTopicName
  }
}

@description('Name of the data account.')
output name string = data.outputs.name

@description('Blob service of the data account.')
output blobUri string = data.outputs.blobUri

@description('Name of the system topic.')
output topicName string = topic.outputs.name

@description('What the pipeline works on in the account: containers, readContainers, queues, tables.')
output stores object = {
  containers: pipelineContainers
  readContainers: auditContainers
  queues: pipelineQueues
  tables: pipelineTables
}
