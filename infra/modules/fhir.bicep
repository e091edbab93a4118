@description('Object id of the pipeline\'s identity.')
param principalId string

@description('Name of the FHIR service as workspace/service.')
param serviceName string

@description('Data account that the audit log is archived to.')
param dataAccountId string

var fhirReader = '4c8d0bbc-75d3-4935-991f-5f3c56d81508'

resource service 'Microsoft.HealthcareApis/workspaces/fhirservices@2024-03-31' existing = {
  name: serviceName
}

// The collector reads names and addresses of the patients whose records were opened.
resource patients 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(service.id, principalId, fhirReader)
  scope: service
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', fhirReader)
  }
}

resource auditLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: service
  name: 'ehr-purview-pipeline'
  properties: {
    storageAccountId: dataAccountId
    logs: [
      {
        category: 'AuditLogs'
        enabled: true
      }
    ]
  }
}
