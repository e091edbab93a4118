@description('Region of everything in here.')
param location string

@description('Names of what is made: identity, host, vault, workspace, component.')
param names object

@description('Tags of what is made.')
param tags object

@description('Closed to every public address.')
param private bool

@description('Subnets let in by service endpoint.')
param subnetIds array

@description('Public addresses, single or ranges in CIDR, from which secrets are put in. Ignored when private.')
param vaultIpRanges array

@description('Public addresses, single or ranges in CIDR, from which the package is deployed. Ignored when private.')
param deployIpRanges array

@description('Workspace to use; empty makes one.')
param existingWorkspaceId string

@description('Days that logs are kept.')
param logDays int

// What every part needs: who the app is, the host's own account, secrets, logs.
module identity 'identity.bicep' = {
  name: 'identity'
  params: {
    location: location
    name: names.identity
    tags: tags
  }
}

module host 'hostStorage.bicep' = {
  name: 'host-storage'
  params: {
    location: location
    name: names.host
    tags: tags
    private: private
    subnetIds: subnetIds
    ipRanges: private ? [] : deployIpRanges
  }
}

module vault 'vault.bicep' = {
  name: 'vault'
  params: {
    location: location
    name: names.vault
    tags: tags
    private: private
    subnetIds: subnetIds
    ipRanges: private ? [] : vaultIpRanges
  }
}

module monitoring 'monitoring.bicep' = {
  name: 'monitoring'
  params: {
    location: location
    workspaceName: names.workspace
    componentName: names.component
    tags: tags
    existingWorkspaceId: existingWorkspaceId
    retentionDays: logDays
  }
}

@description('Resource id of the identity.')
output identityId string = identity.outputs.id

@description('Client id of the identity.')
output clientId string = identity.outputs.clientId

@description('Object id of the identity.')
output principalId string = identity.outputs.principalId

@description('Name of the host\'s account.')
output hostName string = host.outputs.name

@description('Name of the vault.')
output vaultName string = vault.outputs.name

@description('Name of the Application Insights component.')
output componentName string = monitoring.outputs.componentName

@description('Workspace of the logs.')
output workspaceId string = monitoring.outputs.workspaceId
