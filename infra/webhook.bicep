targetScope = 'resourceGroup'

@description('Name of the function app, deployed and running.')
param appName string

@description('Name of the system topic.')
param topicName string

@description('Name of the data account.')
param dataAccountName string

@description('Function that takes the events.')
param functionName string = 'splitExport'

resource app 'Microsoft.Web/sites@2024-11-01' existing = {
  name: appName
}

// The host makes the key blobs_extension when it first runs the code; infra/scripts/postdeploy.ts waits for it.
module subscription 'modules/subscription.bicep' = {
  name: 'subscription-webhook'
  params: {
    topicName: topicName
    accountName: dataAccountName
    eventSource: 'blobWebhook'
    webhookUrl: 'https://${app.properties.defaultHostName}/runtime/webhooks/blobs?functionName=Host.Functions.${functionName}&code=${listKeys('${app.id}/host/default', '2024-11-01').systemKeys.blobs_extension}'
  }
}
