@description('Addresses of the data account: blobUri, queueUri, tableUri.')
param data object

@description('Addresses of the host\'s account: blobUri, queueUri, tableUri.')
param host object

@description('Client id of the pipeline\'s identity.')
param clientId string

@description('Name of the Application Insights component.')
param componentName string

@description('Address of the vault that holds secrets of connectors without a federated credential.')
param vaultUri string

@description('How a new export is noticed.')
param eventSource string

@description('How the content of an export is held still.')
param pin string

@description('Connectors: name, tenantId, appId, jobId, cloud; optional: auth, secretName, mapping.')
param connectors array

@description('Time zone, hour and usual arrival for reports: timeZone, hour, expectedBy.')
param report object

@description('Days that the ledger keeps finished exports.')
param retentionDays int

@description('Application that guards the status page; empty for a function key.')
param statusAppClientId string

@description('FHIR service that is a source, as workspace/service; empty for none.')
param fhirServiceName string

@description('Secret of the vault with the keys of encrypted audit headers; empty for none.')
param fhirKeySecretName string

@description('Object id of the pipeline\'s identity, by which the collector knows its own reads.')
param principalId string

@description('Further settings by name, as docs/configuration.md lists them. They win over those above.')
param extra object

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

var government = environment().name == 'AzureUSGovernment'

var base = [
  {
    name: 'AzureWebJobsStorage__blobServiceUri'
    value: host.blobUri
  }
  {
    name: 'AzureWebJobsStorage__queueServiceUri'
    value: host.queueUri
  }
  {
    name: 'AzureWebJobsStorage__tableServiceUri'
    value: host.tableUri
  }
  {
    name: 'AzureWebJobsStorage__credential'
    value: 'managedidentity'
  }
  {
    name: 'AzureWebJobsStorage__clientId'
    value: clientId
  }
  {
    name: 'ExportStorage__blobServiceUri'
    value: data.blobUri
  }
  {
    name: 'ExportStorage__queueServiceUri'
    value: data.queueUri
  }
  {
    name: 'ExportStorage__tableServiceUri'
    value: data.tableUri
  }
  {
    name: 'ExportStorage__credential'
    value: 'managedidentity'
  }
  {
    name: 'ExportStorage__clientId'
    value: clientId
  }
  {
    name: 'APPLICATIONINSIGHTS_CONNECTION_STRING'
    value: component.properties.ConnectionString
  }
  {
    name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'
    value: 'ClientId=${clientId};Authorization=AAD'
  }
  // glibc else keeps freed memory in an arena for every thread and hands little of it back.
  {
    name: 'MALLOC_ARENA_MAX'
    value: '2'
  }
  {
    name: 'EVENT_SOURCE'
    value: eventSource
  }
  {
    name: 'PIN'
    value: pin
  }
  {
    name: 'HOME_CLOUD'
    value: government ? 'government' : 'commercial'
  }
  {
    name: 'CONNECTORS'
    value: join(connectorNames, ',')
  }
  {
    name: 'REPORT_TIME_ZONE'
    value: report.timeZone
  }
  {
    name: 'REPORT_HOUR'
    value: string(report.hour)
  }
  {
    name: 'EXPECTED_BY'
    value: report.expectedBy
  }
  {
    name: 'RETENTION_DAYS'
    value: string(retentionDays)
  }
]

// Sign-in to the status page without a secret: the identity vouches for the application.
var signIn = [
  {
    name: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
    value: clientId
  }
]

// Set only where a service is named: without FHIR_URL nothing is collected.
var fhirSettings = [
  {
    name: 'FHIR_URL'
    value: 'https://${replace(fhirServiceName, '/', '-')}.fhir.${government ? 'azurehealthcareapis.us' : 'azurehealthcareapis.com'}'
  }
  {
    name: 'FHIR_CONNECTOR'
    value: connectors[0].name
  }
  {
    name: 'FHIR_SOURCE'
    value: '/workspaces/${replace(fhirServiceName, '/', '/fhirservices/')}'
  }
  {
    name: 'FHIR_CLIENT_ID'
    value: clientId
  }
  {
    name: 'FHIR_COLLECTOR_OID'
    value: principalId
  }
  {
    name: 'FHIR_KEY_VAULT_URL'
    value: empty(fhirKeySecretName) ? '' : vaultUri
  }
  {
    name: 'FHIR_KEY_SECRET_NAME'
    value: fhirKeySecretName
  }
]

var connectorNames = [for connector in connectors: connector.name]

// An empty value counts as not given.
var connectorSettings = [for connector in connectors: [
  {
    name: 'CONNECTOR_${toUpper(replace(connector.name, '-', '_'))}_TENANT_ID'
    value: connector.tenantId
  }
  {
    name: 'CONNECTOR_${toUpper(replace(connector.name, '-', '_'))}_APP_ID'
    value: connector.appId
  }
  {
    name: 'CONNECTOR_${toUpper(replace(connector.name, '-', '_'))}_JOB_ID'
    value: connector.jobId
  }
  {
    name: 'CONNECTOR_${toUpper(replace(connector.name, '-', '_'))}_CLOUD'
    value: connector.cloud
  }
  {
    name: 'CONNECTOR_${toUpper(replace(connector.name, '-', '_'))}_AUTH'
    value: contains(connector, 'auth') ? connector.auth : 'federated'
  }
  {
    name: 'CONNECTOR_${toUpper(replace(connector.name, '-', '_'))}_MANAGED_IDENTITY_CLIENT_ID'
    value: clientId
  }
  {
    name: 'CONNECTOR_${toUpper(replace(connector.name, '-', '_'))}_KEY_VAULT_URL'
    value: contains(connector, 'secretName') ? vaultUri : ''
  }
  {
    name: 'CONNECTOR_${toUpper(replace(connector.name, '-', '_'))}_SECRET_NAME'
    value: contains(connector, 'secretName') ? connector.secretName : ''
  }
  {
    name: 'CONNECTOR_${toUpper(replace(connector.name, '-', '_'))}_MAPPING'
    value: contains(connector, 'mapping') ? connector.mapping : ''
  }
]]

var extraSettings = [for setting in items(extra): {
  name: setting.key
  value: string(setting.value)
}]

var all = concat(base, empty(statusAppClientId) ? [] : signIn, empty(fhirServiceName) ? [] : fhirSettings, flatten(connectorSettings))

@description('Every setting as name and value, in the form that a site and a container both take.')
output values array = concat(filter(all, setting => !contains(extra, setting.name)), extraSettings)
