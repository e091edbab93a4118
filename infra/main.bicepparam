// Parameters of `azd up`, from the environment that `azd env set` fills. One connector; docs/deploy.md shows more.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'dev')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param connectors = [
  {
    name: readEnvironmentVariable('CONNECTOR_NAME', 'healthcare')
    tenantId: readEnvironmentVariable('CONNECTOR_TENANT_ID', '')
    appId: readEnvironmentVariable('CONNECTOR_APP_ID', '')
    jobId: readEnvironmentVariable('CONNECTOR_JOB_ID', '')
    cloud: readEnvironmentVariable('CONNECTOR_CLOUD', 'commercial')
  }
]
param plan = readEnvironmentVariable('PLAN', 'flex')
param eventSource = readEnvironmentVariable('EVENT_SOURCE', 'queue')
param landing = readEnvironmentVariable('LANDING', 'blob')
param private = bool(readEnvironmentVariable('PRIVATE', 'false'))
param timeZone = readEnvironmentVariable('TIME_ZONE', 'UTC')
param expectedBy = readEnvironmentVariable('EXPORT_EXPECTED_BY', '')
param alertEmails = empty(readEnvironmentVariable('ALERT_EMAILS', '')) ? [] : split(readEnvironmentVariable('ALERT_EMAILS', ''), ',')
param landingIpRanges = empty(readEnvironmentVariable('LANDING_IP_RANGES', '')) ? [] : split(readEnvironmentVariable('LANDING_IP_RANGES', ''), ',')
param deployIpRanges = empty(readEnvironmentVariable('DEPLOY_IP_RANGES', '')) ? [] : split(readEnvironmentVariable('DEPLOY_IP_RANGES', ''), ',')
