@description('Name of the data account.')
param accountName string

@description('A hierarchical namespace, which knows no snapshots.')
param hierarchical bool

@description('Days after which an export is deleted.')
@minValue(2)
param exportDays int

@description('Days after which a pin is deleted that the pipeline did not drop itself. Longer than the longest parking of a chunk.')
@minValue(8)
param pinDays int

@description('Days that refused records wait for a human.')
@minValue(8)
param quarantineDays int

@description('Days that daily reports are kept.')
@minValue(30)
param statusDays int

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: accountName
}

// A blob that still has snapshots is not deleted by its own rule, hence the snapshot action beside it.
var exportActions = hierarchical ? {
  baseBlob: {
    delete: {
      daysAfterModificationGreaterThan: exportDays
    }
  }
} : {
  baseBlob: {
    delete: {
      daysAfterModificationGreaterThan: exportDays
    }
  }
  snapshot: {
    delete: {
      daysAfterCreationGreaterThan: pinDays
    }
  }
}

var ages = [
  {
    name: 'staging'
    days: pinDays
  }
  {
    name: 'quarantine'
    days: quarantineDays
  }
  {
    name: 'status'
    days: statusDays
  }
  {
    name: 'status-archive'
    days: statusDays
  }
  {
    name: 'dead-letters'
    days: 30
  }
  {
    name: 'insights-logs-auditlogs'
    days: exportDays
  }
]

var ageRules = [for age in ages: {
  name: age.name
  enabled: true
  type: 'Lifecycle'
  definition: {
    filters: {
      blobTypes: [
        'blockBlob'
        'appendBlob'
      ]
      prefixMatch: [
        '${age.name}/'
      ]
    }
    actions: {
      baseBlob: {
        delete: {
          daysAfterModificationGreaterThan: age.days
        }
      }
    }
  }
}]

var exportRule = {
  name: 'exports'
  enabled: true
  type: 'Lifecycle'
  definition: {
    filters: {
      blobTypes: [
        'blockBlob'
      ]
      prefixMatch: [
        'exports/'
      ]
    }
    actions: exportActions
  }
}

resource policy 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: concat([exportRule], ageRules)
    }
  }
}
