// Azure US Government (GCC High, DoD): no Flex Consumption there, so a Dedicated plan with Always On.
using '../main.bicep'

param environmentName = 'prod'
param location = 'usgovvirginia'
param plan = 'dedicated'
param connectors = [
  {
    name: 'healthcare'
    tenantId: readEnvironmentVariable('CONNECTOR_TENANT_ID', '')
    appId: readEnvironmentVariable('CONNECTOR_APP_ID', '')
    jobId: readEnvironmentVariable('CONNECTOR_JOB_ID', '')
    cloud: readEnvironmentVariable('CONNECTOR_CLOUD', 'gcchigh')
  }
]
param private = true
param archiveImmutableDays = 2192
param timeZone = readEnvironmentVariable('TIME_ZONE', 'America/New_York')
param expectedBy = readEnvironmentVariable('EXPORT_EXPECTED_BY', '')
param alertEmails = empty(readEnvironmentVariable('ALERT_EMAILS', '')) ? [] : split(readEnvironmentVariable('ALERT_EMAILS', ''), ',')
param deployIpRanges = empty(readEnvironmentVariable('DEPLOY_IP_RANGES', '')) ? [] : split(readEnvironmentVariable('DEPLOY_IP_RANGES', ''), ',')
