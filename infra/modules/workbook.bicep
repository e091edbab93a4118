@description('Region of the workbook.')
param location string

@description('Tags of the workbook.')
param tags object

@description('Workspace that the telemetry lies in.')
param workspaceId string

@description('Name shown in the portal.')
param displayName string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, displayName)
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: displayName
    category: 'workbook'
    sourceId: workspaceId
    serializedData: loadTextContent('../queries/workbook.json')
  }
}
