@description('Object id of the pipeline\'s identity.')
param principalId string

@description('Name of the FHIR service as workspace/service.')
param serviceName string

@description('Name of the account that its audit log is archived to, in the same resource group.')
param auditAccountName string

var roles = {
  fhirReader: '4c8d0bbc-75d3-4935-991f-5f3c56d81508'
  blobReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
}

resource service 'Microsoft.HealthcareApis/workspaces/fhirservices@2024-03-31' existing = {
  name: serviceName
}

resource auditLog 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = {
  name: '${auditAccountName}/default/insights-logs-auditlogs'
}

resource patients 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(service.id, principalId, roles.fhirReader)
  scope: service
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.fhirReader)
  }
}

resource entries 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(auditLog.id, principalId, roles.blobReader)
  scope: auditLog
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobReader)
  }
}
