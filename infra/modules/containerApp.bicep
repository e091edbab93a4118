@description('Region of the app.')
param location string

@description('Name of the environment.')
param environmentName string

@description('Name of the app.')
param appName string

@description('Tags of both.')
param tags object

@description('Image with its digest or tag.')
param image string

@description('Container registry in this resource group that holds the image; empty for a registry without sign-in.')
param registryName string

@description('Resource id of the pipeline\'s identity.')
param identityId string

@description('Object id of the pipeline\'s identity.')
param principalId string

@description('Settings as name and value.')
param appSettings array

@description('Name of the data account, whose queues decide the number of replicas.')
param dataAccountName string

@description('Subnet of the environment.')
param subnetId string

@description('Reached from within the network only.')
param private bool

@description('Spread over availability zones.')
param zoneRedundant bool

@description('Most replicas.')
param maximumInstanceCount int

@description('Workspace that keeps what the host writes to its console: of a start that fails it is all there is.')
param workspaceId string

var acrPull = '7f951dda-4ed3-4680-a7ca-43fe172d538d'
var queues = [
  'chunks'
  'chunks-poison'
  'blob-events'
]

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = if (!empty(registryName)) {
  name: empty(registryName) ? 'none' : registryName
}

resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(registryName)) {
  name: guid(registryName, principalId, acrPull)
  scope: registry
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', acrPull)
  }
}

resource containers 'Microsoft.App/managedEnvironments@2025-07-01' = {
  name: environmentName
  location: location
  tags: tags
  properties: {
    zoneRedundant: zoneRedundant
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    appLogsConfiguration: {
      destination: 'azure-monitor'
    }
    vnetConfiguration: {
      infrastructureSubnetId: subnetId
      internal: private
    }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
  }
}

resource consoleLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: containers
  name: 'pipeline'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'ContainerAppConsoleLogs'
        enabled: true
      }
      {
        category: 'ContainerAppSystemLogs'
        enabled: true
      }
    ]
  }
}

resource app 'Microsoft.App/containerApps@2025-07-01' = {
  name: appName
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    environmentId: containers.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: {
        // In an internal environment that is the network: without it nobody but the environment's own apps could open the status page.
        external: true
        targetPort: 8080
        transport: 'http'
        allowInsecure: false
      }
      registries: empty(registryName) ? [] : [
        {
          server: '${registryName}${environment().suffixes.acrLoginServer}'
          identity: identityId
        }
      ]
    }
    template: {
      // What is in flight is claimed and checked off in the ledger; five minutes let most batches end by themselves.
      terminationGracePeriodSeconds: 300
      containers: [
        {
          name: 'app'
          image: image
          resources: {
            cpu: 1
            memory: '2Gi'
          }
          env: appSettings
        }
      ]
      scale: {
        // Never none: the sweep and the daily report are timers.
        minReplicas: 1
        maxReplicas: maximumInstanceCount
        rules: [for queue in queues: {
          name: queue
          custom: {
            type: 'azure-queue'
            identity: identityId
            metadata: {
              accountName: dataAccountName
              queueName: queue
              queueLength: '2'
              // Parked chunks are invisible messages; counting them would keep replicas waiting beside them.
              queueLengthStrategy: 'visibleonly'
              cloud: environment().name == 'AzureUSGovernment' ? 'AzureUSGovernmentCloud' : 'AzurePublicCloud'
            }
          }
        }]
      }
    }
  }
  dependsOn: [
    pull
  ]
}

@description('Name of the app.')
output name string = app.name

@description('Host name of the status page.')
output hostName string = app.properties.configuration.ingress.fqdn

@description('Domain of the environment.')
output domain string = containers.properties.defaultDomain

@description('Address of the environment.')
output staticIp string = containers.properties.staticIp
