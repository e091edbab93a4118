@description('Name of the rule.')
param name string

@description('Tags of the rule.')
param tags object

@description('System topic whose dead letters are watched.')
param topicId string

@description('Action groups that get the alert.')
param actionGroupIds array

// The sweep finds the export all the same; a dead letter tells that deliveries do not reach the app.
resource deadLetters 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: name
  location: 'global'
  tags: tags
  properties: {
    description: 'Event Grid gave up on delivering an event. Nothing is lost, the sweep finds the export; look whether the app, or the queue blob-events, can be reached.'
    severity: 2
    enabled: true
    autoMitigate: false
    scopes: [
      topicId
    ]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT1H'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'dead-lettered'
          criterionType: 'StaticThresholdCriterion'
          metricName: 'DeadLetteredCount'
          operator: 'GreaterThan'
          threshold: 0
          timeAggregation: 'Total'
        }
      ]
    }
    actions: [for id in actionGroupIds: {
      actionGroupId: id
    }]
  }
}
