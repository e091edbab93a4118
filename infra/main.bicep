// Parameters of the whole deployment and how its parts hang together; what is made stands in modules/. Long only because each parameter
// says what it does.
targetScope = 'resourceGroup'

// The whole
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

// What the app is told
@description('Connectors: name (folder in exports), tenantId, appId, jobId, cloud (commercial, gcc, gcchigh, dod); optional auth (federated, secret, certificate), secretName (in the vault), mapping (JSON).')
param connectors array
@description('Any other setting of docs/configuration.md by its name.')
param settings object = {}

// Where the app runs
@description('Where the app runs: Flex Consumption; dedicated where Flex is not offered (Azure Government); Container Apps.')
@allowed(['flex', 'dedicated', 'containerApps'])
param plan string = 'flex'
@description('Major version of Node.js on Flex and Dedicated plans.')
@allowed(['22', '24'])
param nodeVersion string = '22'
@description('Memory of a Flex instance, MB. 512 comes with a quarter of a CPU, 2048 with one, 4096 with two.')
@allowed([512, 2048, 4096])
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

// How exports come in, and who reads what
@description('queue: Event Grid puts events on a storage queue, no key and no order of deployment. blobWebhook: Event Grid calls the blob trigger; the subscription is made once the app runs.')
@allowed(['queue', 'blobWebhook'])
param eventSource string = 'queue'
@description('System topic that the data account already has (with a system-assigned identity); empty makes one.')
param existingSystemTopicName string = ''
@description('How the EHR delivers: blob (AzCopy or SDK with an identity) or sftp (a local user with a key; cannot be changed later).')
@allowed(['blob', 'sftp'])
param landing string = 'blob'
@description('Public key of the EHR\'s SFTP client; empty makes no user yet.')
param sftpPublicKey string = ''
@description('What the SFTP user may do: c create, w write, l list, d delete. A client that renames after its upload needs d.')
param sftpPermissions string = 'cwl'
@description('Identities (object ids of service principals) of the EHR that upload exports.')
param uploaderPrincipalIds array = []
@description('Groups (object ids) that read the daily reports.')
param reportReaderGroupIds array = []
@description('Groups (object ids) that look at refused records; these hold patient data.')
param quarantineReaderGroupIds array = []

// Network
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
@description('Existing subnet for private endpoints; needed with an existing subnet for the app when private.')
param existingEndpointSubnetId string = ''
@description('Further subnets whose service endpoints reach storage and vault, for example of a Kubernetes cluster. Ignored when private.')
param extraSubnetIds array = []
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

// The status page
@description('Application (client id) that guards the status page with Entra ID; empty for a function key, which is all there is with Container Apps.')
param statusAppClientId string = ''
@description('Groups (object ids) that may open the status page; empty for everybody of the tenant.')
param statusGroupIds array = []

// What is kept, and for how long
@description('Redundancy of the data account.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
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
@description('Locks against deletion on data account and vault.')
param lock bool = true

// Reports and alerts
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

// Logs
@description('Workspace to use; empty makes one.')
param existingWorkspaceId string = ''
@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logDays int = 90
@description('Log who reads, writes and deletes blobs, and who changes the deployed code. The log names blobs.')
param storageAccessLogs bool = true

// FHIR
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
  base: base
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
var allTags = union(tags, { environment: environmentName, workload: workload })
// A container has no webhook key that the deployment could read.
var events = plan == 'containerApps' ? 'queue' : eventSource

module subnets 'modules/subnets.bicep' = {
  name: 'subnets'
  params: {
    location: location
    name: names.network
    tags: allTags
    plan: plan
    private: private
    prefixes: { all: networkPrefix, app: appSubnetPrefix, endpoints: endpointSubnetPrefix }
    fixedOutboundIp: fixedOutboundIp
    existingAppSubnetId: existingAppSubnetId
    existingEndpointSubnetId: existingEndpointSubnetId
    extraSubnetIds: extraSubnetIds
  }
}

module foundation 'modules/foundation.bicep' = {
  name: 'foundation'
  params: {
    location: location
    names: names
    tags: allTags
    private: private
    subnetIds: subnets.outputs.admittedSubnetIds
    vaultIpRanges: landingIpRanges
    deployIpRanges: deployIpRanges
    existingWorkspaceId: existingWorkspaceId
    logDays: logDays
  }
}

module landed 'modules/landing.bicep' = {
  name: 'landing'
  params: {
    location: dataLocation
    names: names
    tags: allTags
    sku: storageSku
    sftp: { on: landing == 'sftp', publicKey: sftpPublicKey, permissions: sftpPermissions, connector: empty(connectors) ? '' : connectors[0].name }
    private: private
    subnetIds: subnets.outputs.admittedSubnetIds
    ipRanges: landingIpRanges
    withAuditLog: !empty(fhirServiceName)
    days: { soft: softDeleteDays, exports: exportDays, pins: pinDays, quarantine: quarantineDays, status: statusDays, immutable: archiveImmutableDays }
    archivePolicyLocked: archivePolicyLocked
    existingSystemTopicName: existingSystemTopicName
  }
}

// What was made, by name: whoever is given it waits for it.
var made = {
  data: landed.outputs.name
  host: foundation.outputs.hostName
  vault: foundation.outputs.vaultName
  component: foundation.outputs.componentName
  topic: landed.outputs.topicName
}

module access 'modules/access.bicep' = {
  name: 'access'
  params: {
    principalId: foundation.outputs.principalId
    made: made
    stores: landed.outputs.stores
    fhir: { serviceName: fhirServiceName, resourceGroup: fhirResourceGroup }
    people: { uploaders: uploaderPrincipalIds, reportReaders: reportReaderGroupIds, quarantineReaders: quarantineReaderGroupIds }
    lock: lock
  }
}

module hosting 'modules/hosting.bicep' = {
  name: 'hosting'
  params: {
    location: location
    names: names
    tags: allTags
    plan: plan
    size: { nodeVersion: nodeVersion, memoryMB: instanceMemoryMB, instances: maximumInstanceCount, sku: dedicatedSku, dedicatedInstances: dedicatedInstances }
    image: { name: containerImage, registry: containerRegistryName }
    zoneRedundant: zoneRedundant
    identity: { id: foundation.outputs.identityId, clientId: foundation.outputs.clientId, principalId: foundation.outputs.principalId }
    made: made
    workspaceId: foundation.outputs.workspaceId
    settings: {
      eventSource: events
      pin: landing == 'sftp' ? 'copy' : 'snapshot'
      connectors: connectors
      report: { timeZone: timeZone, hour: reportHour, expectedBy: expectedBy }
      retentionDays: retentionDays
      fhirServiceName: fhirServiceName
      fhirKeySecretName: fhirKeySecretName
      extra: settings
    }
    status: { appClientId: statusAppClientId, groupIds: statusGroupIds, ipRanges: statusIpRanges }
    deployIpRanges: deployIpRanges
    private: private
    network: { id: subnets.outputs.networkId, appSubnetId: subnets.outputs.appSubnetId, endpointSubnetId: subnets.outputs.endpointSubnetId }
    privateDns: { register: registerPrivateDns, resourceGroup: privateDnsResourceGroup, subscriptionId: privateDnsSubscriptionId }
  }
  dependsOn: [
    access
  ]
}

module watching 'modules/watching.bicep' = {
  name: 'watching'
  params: {
    location: location
    namePrefix: base
    environmentName: environmentName
    tags: allTags
    made: made
    workspaceId: foundation.outputs.workspaceId
    storageAccessLogs: storageAccessLogs
    receivers: { emails: alertEmails, actionGroupIds: alertActionGroupIds }
    thresholds: { waitingHours: waitingHours, silentHours: silentHours, refusedPercent: refusedPercent }
  }
}

@description('Name of the app.')
output APP_NAME string = hosting.outputs.name
@description('Address of the status page.')
output STATUS_URL string = 'https://${hosting.outputs.hostName}/api/status'
@description('Name of the data account, where exports land.')
output DATA_ACCOUNT string = landed.outputs.name
@description('Where a connector\'s exports go; add the connector\'s folder.')
output EXPORTS_URL string = '${landed.outputs.blobUri}/exports'
@description('Name of the vault.')
output VAULT_NAME string = foundation.outputs.vaultName
@description('Name of the system topic.')
output TOPIC_NAME string = landed.outputs.topicName
@description('Event delivery in use.')
output EVENT_SOURCE string = events
@description('Client id of the identity.')
output IDENTITY_CLIENT_ID string = foundation.outputs.clientId
@description('Object id of the identity: the subject of the federated credential.')
output IDENTITY_PRINCIPAL_ID string = foundation.outputs.principalId
