@description('Region of the app.')
param location string

@description('Name of the plan.')
param planName string

@description('Name of the app.')
param appName string

@description('Tags of both.')
param tags object

@description('A Dedicated plan with Always On, for where Flex Consumption is not offered.')
param dedicated bool

@description('Size of the Dedicated plan.')
param dedicatedSku string

@description('Instances of the Dedicated plan.')
param dedicatedInstances int

@description('Spread over availability zones.')
param zoneRedundant bool

@description('Major version of Node.js.')
param nodeVersion string

@description('Memory of a Flex instance, MB.')
param instanceMemoryMB int

@description('Most Flex instances of each group of functions; each queue and timer function is a group of its own.')
param maximumInstanceCount int

@description('Resource id of the pipeline\'s identity.')
param identityId string

@description('Settings as name and value.')
param appSettings array

@description('Blob endpoint of the host\'s account.')
param hostBlobUri string

@description('Subnet that the app sends from.')
param subnetId string

@description('Admit what the event delivery needs and nothing else.')
param private bool

@description('Where events come from.')
param eventSource string

@description('Public addresses, single or ranges in CIDR, that may open the status page when private.')
param statusIpRanges array

@description('Public addresses, single or ranges in CIDR, that may deploy; empty admits all that sign in, or none when private.')
param deployIpRanges array

@description('Application that guards the status page; empty for a function key.')
param statusAppClientId string

@description('Groups (object ids) that may open the status page; empty for everybody of the tenant.')
param statusGroupIds array

var flex = !dedicated
var byWebhook = eventSource == 'blobWebhook'

// A Dedicated plan has no functionAppConfig to name its runtime.
var dedicatedSettings = [
  {
    name: 'FUNCTIONS_EXTENSION_VERSION'
    value: '~4'
  }
  {
    name: 'FUNCTIONS_WORKER_RUNTIME'
    value: 'node'
  }
]

var eventGridRule = [
  {
    name: 'event-grid'
    description: 'Deliveries to the blob webhook.'
    tag: 'ServiceTag'
    ipAddress: 'AzureEventGrid'
    action: 'Allow'
    priority: 100
  }
]

var statusRules = [for (range, i) in statusIpRanges: {
  name: 'status-${i}'
  description: 'Readers of the status page.'
  ipAddress: contains(range, '/') ? range : '${range}/32'
  action: 'Allow'
  priority: 200 + i
}]

var deployRules = [for (range, i) in deployIpRanges: {
  name: 'deploy-${i}'
  description: 'Deployment of the package.'
  ipAddress: contains(range, '/') ? range : '${range}/32'
  action: 'Allow'
  priority: 200 + i
}]

resource servicePlan 'Microsoft.Web/serverfarms@2024-11-01' = {
  // checkov:skip=CKV_AZURE_225: Zones are a parameter: not every region has them, and on a Dedicated plan they need two instances or more.
  // checkov:skip=CKV_AZURE_212: One instance is enough; a failed one is replaced, and every step of the work resumes.
  name: planName
  location: location
  tags: tags
  kind: flex ? 'functionapp' : 'linux'
  sku: flex ? {
    name: 'FC1'
    tier: 'FlexConsumption'
  } : {
    name: dedicatedSku
    capacity: dedicatedInstances
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  // checkov:skip=CKV_AZURE_17: Event Grid and readers of the status page hold no client certificates; Entra ID or keys stand at the door.
  // checkov:skip=CKV_AZURE_222: Closed whenever nothing from outside is needed (private, events by queue); Event Grid cannot deliver to a private endpoint.
  // checkov:skip=CKV_AZURE_212: Instances are counted by Flex itself or by the plan.
  // checkov:skip=CKV_AZURE_213: A queue worker has no page to probe; its heartbeat is alerted on instead.
  name: appName
  location: location
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: servicePlan.id
    httpsOnly: true
    clientCertEnabled: false
    publicNetworkAccess: private && !byWebhook && empty(statusIpRanges) && empty(deployIpRanges) ? 'Disabled' : 'Enabled'
    virtualNetworkSubnetId: subnetId
    keyVaultReferenceIdentity: identityId
    functionAppConfig: flex ? {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostBlobUri}/deployments'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
      runtime: {
        name: 'node'
        version: nodeVersion
      }
    } : null
    siteConfig: {
      alwaysOn: flex ? null : true
      linuxFxVersion: flex ? null : 'NODE|${nodeVersion}'
      ftpsState: 'Disabled'
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      remoteDebuggingEnabled: false
      vnetRouteAllEnabled: flex ? null : true
      appSettings: flex ? appSettings : concat(appSettings, dedicatedSettings)
      ipSecurityRestrictionsDefaultAction: private ? 'Deny' : 'Allow'
      ipSecurityRestrictions: private ? concat(byWebhook ? eventGridRule : [], statusRules) : []
      scmIpSecurityRestrictionsUseMain: false
      scmIpSecurityRestrictionsDefaultAction: private || !empty(deployIpRanges) ? 'Deny' : 'Allow'
      scmIpSecurityRestrictions: deployRules
    }
  }
}

resource noFtpPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource noDeploymentPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

resource signIn 'Microsoft.Web/sites/config@2024-11-01' = if (!empty(statusAppClientId)) {
  // checkov:skip=CKV_AZURE_13: This is the newer form of the same (authsettingsV2), and it is on.
  // checkov:skip=CKV_AZURE_63: About web server logs of another resource; requests go to Application Insights.
  // checkov:skip=CKV_AZURE_65: About error pages of another resource; the app has no pages that could need them.
  // checkov:skip=CKV_AZURE_66: About request tracing of another resource (Windows only).
  // checkov:skip=CKV_AZURE_80: About .NET; this is Node.js.
  // checkov:skip=CKV_AZURE_88: About file shares of another resource; none are used.
  // checkov:skip=CKV_AZURE_222: About the site, above.
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'RedirectToLoginPage'
      redirectToProvider: 'azureactivedirectory'
      // Event Grid cannot sign in here; the webhook has a key of its own. Without it nothing is left out.
      excludedPaths: byWebhook ? [
        '/runtime/webhooks/blobs'
      ] : []
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          openIdIssuer: '${environment().authentication.loginEndpoint}${subscription().tenantId}/v2.0'
          clientId: statusAppClientId
          clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
        }
        validation: {
          allowedAudiences: [
            'api://${statusAppClientId}'
          ]
          defaultAuthorizationPolicy: empty(statusGroupIds) ? {} : {
            allowedPrincipals: {
              groups: statusGroupIds
            }
          }
        }
      }
    }
    login: {
      tokenStore: {
        enabled: false
      }
    }
    httpSettings: {
      requireHttps: true
    }
  }
}

@description('Resource id of the app.')
output id string = app.id

@description('Name of the app.')
output name string = app.name

@description('Host name of the status page.')
output hostName string = app.properties.defaultHostName
