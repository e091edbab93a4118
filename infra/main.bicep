// Parameters, names and wiring of the whole deployment; what is made stands in modules/. Long only because each parameter says what it does.
targetScope = 'resourceGroup'

@description('Short name of the workload; first part of every name.')
@minLength(2)
@maxLength(8)
param workload string = 'ehrpv'

@description('Environment: second part of every name, for example dev, test or prod.')
@minLength(2)
@maxLength(8)
param environmentName string

@description('Region of everything.')
param location string = resourceGroup().location

@description('Region that the data account was made in, where it is another: for going on in a second region (docs/deploy.md).')
param dataLocation string = location

@description('Data account of an earlier deployment in this resource group, with its exports and ledger; empty for a name by convention.')
param existingDataAccountName string = ''

@description('Tags of everything, beside environment and workload.')
param tags object = {}

@description('Connectors: name (folder in exports), tenantId, appId, jobId, cloud (commercial, gcc, gcchigh, dod); optional auth (federated, secret, certificate), secretName (in the vault), mapping (JSON).')
param connectors array

@description('Any other setting of docs/configuration.md by its name.')
param settings object = {}

@description('Where the app runs: Flex Consumption; dedicated where Flex is not offered (Azure Government); Container Apps.')
@allowed([
  'flex'
  'dedicated'
  'containerApps'
])
param plan string = 'flex'

@description('Major version of Node.js on Flex and Dedicated plans.')
@allowed([
  '22'
  '24'
])
param nodeVersion string = '22'

@description('Memory of a Flex instance, MB. 512 comes with a quarter of a CPU, 2048 with one, 4096 with two.')
@allowed([
  512
  2048
  4096
])
param instanceMemoryMB int = 2048

@description('Most instances. On Flex it counts for each group of functions; the ceiling of requests over all instances is MAX_IN_FLIGHT_TOTAL.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Size of a Dedicated plan.')
param dedicatedSku string = 'P0v3'

@description('Instances of a Dedicated plan.')
@minValue(1)
@maxValue(10)
param dedicatedInstances int = 1

@description('Image for Container Apps, pinned by digest.')
param containerImage string = ''

@description('Container registry in this resource group that holds the image; empty for a registry without sign-in.')
param containerRegistryName string = ''

@description('Spread app and plan over availability zones.')
param zoneRedundant bool = false

@description('queue: Event Grid puts events on a storage queue, no key and no order of deployment. blobWebhook: Event Grid calls the blob trigger; the subscription is made once the app runs.')
@allowed([
  'queue'
  'blobWebhook'
])
param eventSource string = 'queue'

@description('System topic that the data account already has (with a system-assigned identity); empty makes one.')
param existingSystemTopicName string = ''

@description('How the EHR delivers: blob (AzCopy or SDK with an identity) or sftp (a local user with a key; cannot be changed later).')
@allowed([
  'blob'
  'sftp'
])
param landing string = 'blob'

@description('Identities (object ids of service principals) of the EHR that upload exports.')
param uploaderPrincipalIds array = []

@description('Groups (object ids) that read the daily reports.')
param reportReaderGroupIds array = []

@description('Groups (object ids) that look at refused records; these hold patient data.')
param quarantineReaderGroupIds array = []

@description('Public key of the EHR\'s SFTP client; empty makes no user yet.')
param sftpPublicKey string = ''

@description('What the SFTP user may do: c create, w write, l list, d delete. A client that renames after its upload needs d.')
param sftpPermissions string = 'cwl'

@description('Close storage, vault and app to public addresses.')
param private bool = false

@description('Address space of the network.')
param networkPrefix string = '10.90.0.0/24'

@description('Subnet of the app, at least a /26.')
param appSubnetPrefix string = '10.90.0.0/26'

@description('Subnet of private endpoints, at least a /27.')
param endpointSubnetPrefix string = '10.90.0.64/27'

@description('Existing subnet for the app, delegated to Microsoft.App/environments (Dedicated: Microsoft.Web/serverFarms), with service endpoints for storage and vault unless private; empty makes a network.')
param existingAppSubnetId string = ''

@description('Further subnets whose service endpoints reach storage and vault, for example of a Kubernetes cluster. Ignored when private.')
param extraSubnetIds array = []

@description('Existing subnet for private endpoints; needed with an existing subnet for the app when private.')
param existingEndpointSubnetId string = ''

@description('Resource group of existing private DNS zones; empty makes them here.')
param privateDnsResourceGroup string = ''

@description('Subscription of that resource group.')
param privateDnsSubscriptionId string = subscription().subscriptionId

@description('Register private endpoints in the zones; false where a policy does it, and then no zones are made.')
param registerPrivateDns bool = true

@description('One fixed outgoing address (NAT gateway).')
param fixedOutboundIp bool = false

@description('Public addresses, single or ranges in CIDR, from which exports are uploaded, reports read and secrets put in. Ignored when private.')
param landingIpRanges array = []

@description('Public addresses, single or ranges in CIDR, that may deploy the package.')
param deployIpRanges array = []

@description('Public addresses, single or ranges in CIDR, that may open the status page when private.')
param statusIpRanges array = []

@description('Application (client id) that guards the status page with Entra ID; empty for a function key, which is all there is with Container Apps.')
param statusAppClientId string = ''

@description('Groups (object ids) that may open the status page; empty for everybody of the tenant.')
param statusGroupIds array = []

@description('Redundancy of the data account.')
@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GRS'
  'Standard_GZRS'
])
param storageSku string = 'Standard_GRS'

@description('Days that an overwritten or deleted blob can be brought back.')
@minValue(1)
@maxValue(365)
param softDeleteDays int = 14

@description('Days after which exports are deleted.')
@minValue(2)
param exportDays int = 30

@description('Days after which a forgotten pin is deleted. Longer than the longest time that a chunk may wait.')
@minValue(8)
param pinDays int = 21

@description('Days that refused records wait for a human.')
@minValue(8)
param quarantineDays int = 90

@description('Days that daily reports are kept; HIPAA asks for six years.')
@minValue(30)
param statusDays int = 2192

@description('Days that reports in the container status-archive can be neither changed nor deleted; 0 for no such policy.')
@minValue(0)
@maxValue(3650)
param archiveImmutableDays int = 0

@description('The policy of status-archive was locked by hand, which makes it final: leave it alone.')
param archivePolicyLocked bool = false

@description('Days that the ledger keeps finished exports.')
@minValue(8)
@maxValue(3660)
param retentionDays int = 400

@description('Time zone (IANA) of the hospital.')
param timeZone string = 'UTC'

@description('Hour of that zone from which the daily report is written.')
@minValue(0)
@maxValue(23)
param reportHour int = 6

@description('Time of that zone (HH:MM) by which an export has usually arrived; empty: one that is missing is told at the end of the day.')
param expectedBy string = ''

@description('E-mail addresses that get the alerts.')
param alertEmails array = []

@description('Action groups (resource ids) that get the alerts as well.')
param alertActionGroupIds array = []

@description('Hours that a chunk may wait before somebody is told.')
@minValue(1)
@maxValue(40)
param waitingHours int = 4

@description('Hours that the run which writes the report may not be seen before somebody is told. It runs each hour: raise it with another REPORT_SCHEDULE.')
@minValue(2)
@maxValue(40)
param silentHours int = 3

@description('Percent of an export that may be refused before somebody is told.')
@minValue(0)
@maxValue(100)
param refusedPercent int = 5

@description('Workspace to use; empty makes one.')
param existingWorkspaceId string = ''

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logDays int = 90

@description('Log who reads, writes and deletes blobs, and who changes the deployed code. The log names blobs.')
param storageAccessLogs bool = true

@description('Locks against deletion on data account and vault.')
param lock bool = true

@description('FHIR service that is a source, as workspace/service; empty for none.')
param fhirServiceName string = ''

@description('Resource group of the FHIR service.')
param fhirResourceGroup string = resourceGroup().name

@description('Secret of the vault with the keys of encrypted audit headers; empty for none.')
param fhirKeySecretName string = ''

var token = uniqueString(resourceGroup().id, workload, environmentName)
var base = '${workload}-${environmentName}'
var compact = toLower(take('${replace(workload, '-', '')}${replace(environmentName, '-', '')}', 12))
var names = {
  identity: '${base}-id'
  data: empty(existingDataAccountName) ? '${compact}data${take(token, 8)}' : existingDataAccountName
  host: '${compact}host${take(token, 8)}'
  vault: '${compact}-kv-${take(token, 8)}'
  workspace: '${base}-log'
  component: '${base}-appi'
  network: '${base}-vnet'
  topic: '${base}-evgt'
  plan: '${base}-plan'
  app: '${base}-${take(token, 6)}'
}
var allTags = union(tags, {
  environment: environmentName
  workload: workload
})

// A storage account takes a single address without /32 only, access restrictions of an app with it only (functionApp.bicep).
var landingAddresses = [for range in landingIpRanges: replace(range, '/32', '')]
var deployAddresses = [for range in deployIpRanges: replace(range, '/32', '')]

var sftp = landing == 'sftp'
var containers = plan == 'containerApps'
// A container has no webhook key that the deployment could read.
var events = containers ? 'queue' : eventSource
var ownNetwork = empty(existingAppSubnetId)

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
var auditContainers = empty(fhirServiceName) ? [] : [
  'insights-logs-auditlogs'
]
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

module identity 'modules/identity.bicep' = {
  name: 'identity'
  params: {
    location: location
    name: names.identity
    tags: allTags
  }
}

module network 'modules/network.bicep' = if (ownNetwork) {
  name: 'network'
  params: {
    location: location
    name: names.network
    tags: allTags
    addressPrefix: networkPrefix
    appSubnetPrefix: appSubnetPrefix
    endpointSubnetPrefix: endpointSubnetPrefix
    delegation: plan == 'dedicated' ? 'Microsoft.Web/serverFarms' : 'Microsoft.App/environments'
    serviceEndpoints: !private
    fixedOutboundIp: fixedOutboundIp
  }
}

var appSubnetId = ownNetwork ? network.outputs.appSubnetId : existingAppSubnetId
// An existing subnet lies in a network too: its id without `/subnets/NAME`.
var networkId = ownNetwork ? network.outputs.id : join(take(split(existingAppSubnetId, '/'), 9), '/')
var admittedSubnetIds = private ? [] : concat([appSubnetId], extraSubnetIds)

module data 'modules/dataStorage.bicep' = {
  name: 'data-storage'
  params: {
    location: dataLocation
    name: names.data
    tags: allTags
    sku: storageSku
    sftp: sftp
    private: private
    subnetIds: admittedSubnetIds
    ipRanges: private ? [] : landingAddresses
    containers: concat(pipelineContainers, eventContainers, auditContainers)
    queues: pipelineQueues
    tables: pipelineTables
    softDeleteDays: softDeleteDays
    archiveImmutableDays: archiveImmutableDays
    archivePolicyLocked: archivePolicyLocked
  }
}

module lifecycle 'modules/lifecycle.bicep' = {
  name: 'lifecycle'
  params: {
    accountName: data.outputs.name
    hierarchical: sftp
    exportDays: exportDays
    pinDays: pinDays
    quarantineDays: quarantineDays
    statusDays: statusDays
  }
}

module sftpUser 'modules/sftpUser.bicep' = if (sftp && !empty(sftpPublicKey)) {
  name: 'sftp-user'
  params: {
    accountName: data.outputs.name
    userName: 'ehr'
    connector: connectors[0].name
    publicKey: sftpPublicKey
    permissions: sftpPermissions
  }
}

module host 'modules/hostStorage.bicep' = {
  name: 'host-storage'
  params: {
    location: location
    name: names.host
    tags: allTags
    private: private
    subnetIds: admittedSubnetIds
    ipRanges: private ? [] : deployAddresses
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  params: {
    location: location
    name: names.vault
    tags: allTags
    private: private
    subnetIds: admittedSubnetIds
    ipRanges: private ? [] : landingAddresses
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    location: location
    workspaceName: names.workspace
    componentName: names.component
    tags: allTags
    existingWorkspaceId: existingWorkspaceId
    retentionDays: logDays
  }
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  params: {
    principalId: identity.outputs.principalId
    dataAccountName: data.outputs.name
    hostAccountName: host.outputs.name
    vaultName: vault.outputs.name
    componentName: monitoring.outputs.componentName
    containers: pipelineContainers
    readContainers: auditContainers
    queues: pipelineQueues
    tables: pipelineTables
  }
}

module uploaders 'modules/containerAccess.bicep' = {
  name: 'uploaders'
  params: {
    principalIds: uploaderPrincipalIds
    principalType: 'ServicePrincipal'
    accountName: data.outputs.name
    containerName: 'exports'
    access: 'put'
  }
}

module reportReaders 'modules/containerAccess.bicep' = {
  name: 'report-readers'
  params: {
    principalIds: reportReaderGroupIds
    principalType: 'Group'
    accountName: data.outputs.name
    containerName: 'status'
    access: 'read'
  }
}

module quarantineReaders 'modules/containerAccess.bicep' = {
  name: 'quarantine-readers'
  params: {
    principalIds: quarantineReaderGroupIds
    principalType: 'Group'
    accountName: data.outputs.name
    containerName: 'quarantine'
    access: 'read'
  }
}

module fhir 'modules/fhir.bicep' = if (!empty(fhirServiceName)) {
  name: 'fhir'
  scope: resourceGroup(fhirResourceGroup)
  params: {
    principalId: identity.outputs.principalId
    serviceName: fhirServiceName
    dataAccountId: data.outputs.id
  }
}

module appSettings 'modules/settings.bicep' = {
  name: 'app-settings'
  params: {
    data: {
      blobUri: data.outputs.blobUri
      queueUri: data.outputs.queueUri
      tableUri: data.outputs.tableUri
    }
    host: {
      blobUri: host.outputs.blobUri
      queueUri: host.outputs.queueUri
      tableUri: host.outputs.tableUri
    }
    clientId: identity.outputs.clientId
    componentName: monitoring.outputs.componentName
    vaultUri: vault.outputs.uri
    eventSource: events
    pin: sftp ? 'copy' : 'snapshot'
    connectors: connectors
    report: {
      timeZone: timeZone
      hour: reportHour
      expectedBy: expectedBy
    }
    retentionDays: retentionDays
    statusAppClientId: statusAppClientId
    fhirServiceName: fhirServiceName
    fhirKeySecretName: fhirKeySecretName
    principalId: identity.outputs.principalId
    extra: settings
  }
}

module app 'modules/functionApp.bicep' = if (!containers) {
  name: 'app'
  params: {
    location: location
    planName: names.plan
    appName: names.app
    tags: allTags
    dedicated: plan == 'dedicated'
    dedicatedSku: dedicatedSku
    dedicatedInstances: dedicatedInstances
    zoneRedundant: zoneRedundant
    nodeVersion: nodeVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    identityId: identity.outputs.id
    appSettings: appSettings.outputs.values
    hostBlobUri: host.outputs.blobUri
    subnetId: appSubnetId
    private: private
    eventSource: events
    statusIpRanges: statusIpRanges
    deployIpRanges: deployIpRanges
    statusAppClientId: statusAppClientId
    statusGroupIds: statusGroupIds
  }
  dependsOn: [
    roles
  ]
}

module containerApp 'modules/containerApp.bicep' = if (containers) {
  name: 'container-app'
  params: {
    location: location
    environmentName: names.plan
    appName: names.app
    tags: allTags
    image: containerImage
    registryName: containerRegistryName
    identityId: identity.outputs.id
    principalId: identity.outputs.principalId
    appSettings: appSettings.outputs.values
    dataAccountName: data.outputs.name
    subnetId: appSubnetId
    private: private
    zoneRedundant: zoneRedundant
    maximumInstanceCount: maximumInstanceCount
    workspaceId: monitoring.outputs.workspaceId
  }
  dependsOn: [
    roles
  ]
}

module containerDns 'modules/containerDns.bicep' = if (containers && private && registerPrivateDns) {
  name: 'container-dns'
  params: {
    domain: containerApp.outputs.domain
    staticIp: containerApp.outputs.staticIp
    networkId: networkId
    tags: allTags
  }
}

module privateAccess 'modules/privateAccess.bicep' = if (private) {
  name: 'private-access'
  params: {
    location: location
    namePrefix: base
    tags: allTags
    networkId: networkId
    subnetId: ownNetwork ? network.outputs.endpointSubnetId : existingEndpointSubnetId
    zonesSubscriptionId: privateDnsSubscriptionId
    zonesResourceGroup: privateDnsResourceGroup
    registerInZones: registerPrivateDns
    dataAccountId: data.outputs.id
    hostAccountId: host.outputs.id
    vaultId: vault.outputs.id
    appId: containers ? '' : app.outputs.id
    hierarchical: sftp
  }
}

module topic 'modules/topic.bicep' = {
  name: 'topic'
  params: {
    location: dataLocation
    name: names.topic
    tags: allTags
    accountName: data.outputs.name
    existingTopicName: existingSystemTopicName
  }
}

// The subscription to the webhook needs a key that only the running app has: infra/webhook.bicep, after the code.
module subscription 'modules/subscription.bicep' = if (events == 'queue') {
  name: 'subscription'
  params: {
    topicName: topic.outputs.name
    accountName: data.outputs.name
    eventSource: 'queue'
  }
  // Not needed by the subscription. The topic's role is minutes old by then: a new one is not known everywhere at once, and Event
  // Grid refuses a destination that it may not write to.
  dependsOn: [
    app
    containerApp
  ]
}

module diagnostics 'modules/diagnostics.bicep' = {
  name: 'diagnostics'
  params: {
    workspaceId: monitoring.outputs.workspaceId
    dataAccountName: data.outputs.name
    hostAccountName: host.outputs.name
    vaultName: vault.outputs.name
    topicName: topic.outputs.name
    storageAccessLogs: storageAccessLogs
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    location: location
    namePrefix: base
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
    emails: alertEmails
    actionGroupIds: alertActionGroupIds
    waitingHours: waitingHours
    silentHours: silentHours
    refusedPercent: refusedPercent
  }
}

module topicAlert 'modules/topicAlert.bicep' = {
  name: 'topic-alert'
  params: {
    name: '${base}-dead-letters'
    tags: allTags
    topicId: topic.outputs.id
    actionGroupIds: alerts.outputs.actionGroupIds
  }
}

module vaultExpiry 'modules/vaultExpiry.bicep' = {
  name: 'vault-expiry'
  params: {
    location: location
    name: '${base}-vault-evgt'
    tags: allTags
    vaultId: vault.outputs.id
    actionGroupIds: alerts.outputs.actionGroupIds
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  params: {
    location: location
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
    displayName: 'EHR exports to Purview (${environmentName})'
  }
}

module locks 'modules/locks.bicep' = if (lock) {
  name: 'locks'
  params: {
    dataAccountName: data.outputs.name
    vaultName: vault.outputs.name
  }
}

@description('Name of the app.')
output APP_NAME string = containers ? containerApp.outputs.name : app.outputs.name

@description('Address of the status page.')
output STATUS_URL string = 'https://${containers ? containerApp.outputs.hostName : app.outputs.hostName}/api/status'

@description('Name of the data account, where exports land.')
output DATA_ACCOUNT string = data.outputs.name

@description('Where a connector\'s exports go; add the connector\'s folder.')
output EXPORTS_URL string = '${data.outputs.blobUri}/exports'

@description('Name of the vault.')
output VAULT_NAME string = vault.outputs.name

@description('Name of the system topic.')
output TOPIC_NAME string = topic.outputs.name

@description('Event delivery in use.')
output EVENT_SOURCE string = events

@description('Client id of the identity.')
output IDENTITY_CLIENT_ID string = identity.outputs.clientId

@description('Object id of the identity: the subject of the federated credential.')
output IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
