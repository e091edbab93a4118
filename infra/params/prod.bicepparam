// Real exports: private, geo-redundant, archived, locked.
using '../main.bicep'

param environmentName = 'prod'
param connectors = [
  {
    name: 'healthcare'
    tenantId: readEnvironmentVariable('CONNECTOR_TENANT_ID', '')
    appId: readEnvironmentVariable('CONNECTOR_APP_ID', '')
    jobId: readEnvironmentVariable('CONNECTOR_JOB_ID', '')
    cloud: readEnvironmentVariable('CONNECTOR_CLOUD', 'commercial')
  }
]
param private = true
param storageSku = 'Standard_GRS'
param archiveImmutableDays = 2192
param timeZone = readEnvironmentVariable('TIME_ZONE', 'UTC')
param expectedBy = readEnvironmentVariable('EXPORT_EXPECTED_BY', '')
param alertEmails = empty(readEnvironmentVariable('ALERT_EMAILS', '')) ? [] : split(readEnvironmentVariable('ALERT_EMAILS', ''), ',')
param deployIpRanges = empty(readEnvironmentVariable('DEPLOY_IP_RANGES', '')) ? [] : split(readEnvironmentVariable('DEPLOY_IP_RANGES', ''), ',')
