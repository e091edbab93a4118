@description('Name of the system topic.')
param topicName string

@description('Name of the data account.')
param accountName string

@description('Deliver to the queue blob-events or to the webhook of the blob trigger.')
@allowed([
  'queue'
  'blobWebhook'
])
param eventSource string

@description('Address of the webhook with its key; only for blobWebhook.')
@secure()
param webhookUrl string = ''

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: accountName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'exports-${toLower(eventSource)}'
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    destination: eventSource == 'blobWebhook' ? {
      endpointType: 'WebHook'
      properties: {
        endpointUrl: webhookUrl
        maxEventsPerBatch: 1
      }
    } : null
    deliveryWithResourceIdentity: eventSource == 'queue' ? {
      identity: {
        type: 'SystemAssigned'
      }
      destination: {
        endpointType: 'StorageQueue'
        properties: {
          resourceId: account.id
          queueName: 'blob-events'
          queueMessageTimeToLiveInSeconds: -1
        }
      }
    } : null
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: account.id
          blobContainerName: 'dead-letters'
        }
      }
    }
    filter: {
      includedEventTypes: [
        'Microsoft.Storage.BlobCreated'
      ]
      // With /blobs/ at its end: without it a container "exports-old" would match as well.
      subjectBeginsWith: '/blobServices/default/containers/exports/blobs/'
      enableAdvancedFilteringOnArrays: false
      advancedFilters: [
        {
          // The calls after which a blob is whole. CreateFile and SftpCreate come before its content.
          operatorType: 'StringIn'
          key: 'data.api'
          values: [
            'PutBlob'
            'PutBlockList'
            'CopyBlob'
            'FlushWithClose'
            'SftpCommit'
          ]
        }
      ]
    }
    retryPolicy: {
      eventTimeToLiveInMinutes: 1440
      maxDeliveryAttempts: 30
    }
  }
}
