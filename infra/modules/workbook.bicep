@description('Region of the workbook.')
param location string

@description('Tags of the workbook.')
param tags object

@description('Workspace that the telemetry lies in.')
param workspaceId string

@description('Name shown in the portal.')
param displayName string

// As the inside of a JSON string; it holds no quotation marks and no backslashes.
var events = replace(loadTextContent('../queries/events.kql'), '\n', '\\n')

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, displayName)
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: displayName
    category: 'workbook'
    sourceId: workspaceId
    serializedData: replace(loadTextContent('../queries/workbook.json'), '{events}', events)
  }
}
