// For trying it out: the cheapest form, synthetic exports only.
using '../main.bicep'

param environmentName = 'dev'
param connectors = [
  {
    name: 'healthcare'
    tenantId: readEnvironmentVariable('CONNECTOR_TENANT_ID', '')
    appId: readEnvironmentVariable('CONNECTOR_APP_ID', '')
    jobId: readEnvironmentVariable('CONNECTOR_JOB_ID', '')
    cloud: readEnvironmentVariable('CONNECTOR_CLOUD', 'commercial')
  }
]
param timeZone = readEnvironmentVariable('TIME_ZONE', 'UTC')
param expectedBy = readEnvironmentVariable('EXPORT_EXPECTED_BY', '')
param alertEmails = empty(readEnvironmentVariable('ALERT_EMAILS', '')) ? [] : split(readEnvironmentVariable('ALERT_EMAILS', ''), ',')
param instanceMemoryMB = 512
param storageSku = 'Standard_LRS'
param softDeleteDays = 7
param exportDays = 8
param statusDays = 90
param logDays = 30
param storageAccessLogs = false
param lock = false
param deployIpRanges = empty(readEnvironmentVariable('DEPLOY_IP_RANGES', '')) ? [] : split(readEnvironmentVariable('DEPLOY_IP_RANGES', ''), ',')
