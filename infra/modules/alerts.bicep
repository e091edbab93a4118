@description('Region of the rules.')
param location string

@description('First part of the names of the rules.')
param namePrefix string

@description('Tags of the rules.')
param tags object

@description('Workspace that the telemetry lies in.')
param workspaceId string

@description('E-mail addresses that get the alerts.')
param emails array

@description('Action groups (resource ids) that get the alerts as well, for example the service desk\'s.')
param actionGroupIds array

@description('Hours that a chunk may wait for the connector before somebody is told.')
@minValue(1)
@maxValue(40)
param waitingHours int

@description('Hours that the run of the report may not be seen before somebody is told.')
@minValue(2)
@maxValue(40)
param silentHours int

@description('Percent of an export that may be refused before somebody is told.')
@minValue(0)
@maxValue(100)
param refusedPercent int

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: '${namePrefix}-alerts'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'EHR export'
    enabled: true
    emailReceivers: [for email in emails: {
      name: email
      emailAddress: email
      useCommonAlertSchema: true
    }]
  }
}

var groups = concat(actionGroupIds, empty(emails) ? [] : [group.id])

// Reads the log lines of the app, whichever way they came in: as JSON in the message or as properties.
var events = loadTextContent('../queries/events.kql')

// Severity: 1 records are held or lost unless somebody acts, 2 look at it today. The queries name log events that never change; each
// row of theirs is trouble. `by` names the columns that tell one trouble from another: each gets an alert of its own.
// `once`: the event is logged when the trouble begins and not while it lasts. Such an alert resolves nothing by itself, since the next
// look finds no event and the trouble is still there.
var rules = [
  {
    name: 'export-missing'
    title: 'No export arrived by its usual hour'
    description: 'No export that could be sent arrived by the usual hour, or on the whole day: none, only a duplicate, or only a rejected one. Ask whoever runs the EHR system whether its export job ran, and where it put the file.'
    severity: 1
    every: 'PT15M'
    window: 'PT30M'
    once: true
    by: [
      'connector'
    ]
    query: loadTextContent('../queries/exportMissing.kql')
  }
  {
    name: 'export-rejected'
    title: 'An export was rejected, or records of it were not delivered'
    description: 'An export was refused as a whole, or ended with records that were not delivered. Open the status page: it names cause, cure and command.'
    severity: 1
    every: 'PT15M'
    window: 'PT30M'
    once: true
    by: [
      'connector'
      'exportId'
    ]
    query: loadTextContent('../queries/exportRejected.kql')
  }
  {
    name: 'chunk-failed'
    title: 'A chunk was given up'
    description: 'The work on a part of an export ended again and again without progress, and nothing more is tried by itself. Run the replay command that the status page shows.'
    severity: 1
    every: 'PT15M'
    window: 'PT30M'
    once: true
    by: [
      'exportId'
    ]
    query: loadTextContent('../queries/chunkFailed.kql')
  }
  {
    name: 'connector-blocked'
    title: 'A connector is blocked by its configuration'
    description: 'The service or Microsoft Entra ID refuses the app, or the service refuses the mapping; all records of the connector are held. Correct what the status page names; sending goes on by itself at the next probe.'
    severity: 1
    every: 'PT15M'
    window: 'PT30M'
    once: true
    by: [
      'connector'
    ]
    query: loadTextContent('../queries/connectorBlocked.kql')
  }
  {
    name: 'records-held'
    title: 'Records are held until somebody decides or configures'
    description: 'A batch without a usable answer waits for a decision, a connector is not configured, or a part of the FHIR audit log was deleted before it was read. Look up the code of the alert in docs/troubleshooting.md.'
    severity: 1
    every: 'PT15M'
    window: 'PT30M'
    once: true
    by: [
      'event'
      'connector'
      'exportId'
    ]
    query: loadTextContent('../queries/recordsHeld.kql')
  }
  {
    name: 'strange-answers'
    title: 'Records were accepted by an answer that the service would not give'
    description: 'A request was answered with success, but by a web page or by garbled JSON: a proxy may have answered in the place of the service, and then nothing arrived. Look what stands between the app and the service, compare RecordsSaved in the portal, and send the export again if it lacks records.'
    severity: 1
    every: 'PT15M'
    window: 'PT30M'
    once: true
    by: [
      'connector'
      'exportId'
    ]
    query: loadTextContent('../queries/strangeAnswers.kql')
  }
  {
    name: 'fhir-failing'
    title: 'The FHIR audit log is not read'
    description: 'Three runs of the collector failed one after the other. Nothing is lost while the log is kept; look up the code of the alert in docs/fhir.md.'
    severity: 1
    every: 'PT1H'
    window: 'P2D'
    once: false
    by: []
    query: loadTextContent('../queries/fhirFailing.kql')
  }
  {
    name: 'export-stuck'
    title: 'The work on an export fails again and again'
    description: 'An export is tried each minute and fails each time. Look at the exceptions in Application Insights: storage that refuses the app, or a fault of the program.'
    severity: 1
    every: 'PT15M'
    window: 'PT30M'
    once: false
    by: [
      'connector'
      'exportId'
    ]
    query: loadTextContent('../queries/exportStuck.kql')
  }
  {
    name: 'operator-acted'
    title: 'An operator paused a connector or cancelled an export'
    description: 'Somebody paused a connector or cancelled an export, and what was stopped does not go on by itself. If it was not meant, resume or replay it; operator.asked in the log tells who it was.'
    severity: 2
    every: 'PT15M'
    window: 'PT30M'
    once: true
    by: [
      'event'
      'connector'
      'exportId'
    ]
    query: loadTextContent('../queries/operatorActed.kql')
  }
  {
    name: 'chunk-waiting'
    title: 'Records wait for the connector for more than ${waitingHours} hours'
    description: 'The service is down or throttles, and records wait. Nothing is lost and they are sent by themselves; look at the health of the service.'
    severity: 2
    every: 'PT1H'
    window: 'P2D'
    once: false
    by: [
      'connector'
      'exportId'
    ]
    query: replace(loadTextContent('../queries/chunkWaiting.kql'), '{waitingHours}', string(waitingHours))
  }
  {
    name: 'refused-share'
    title: 'More than ${refusedPercent} % of an export went to quarantine'
    description: 'Many records of an export were found at fault and lie in quarantine. Look at their codes on the status page: often the mapping or the export of the EHR system changed.'
    severity: 2
    every: 'PT1H'
    window: 'PT2H'
    once: true
    by: [
      'connector'
      'exportId'
    ]
    query: replace(loadTextContent('../queries/refusedShare.kql'), '{refusedPercent}', string(refusedPercent))
  }
  {
    name: 'function-failures'
    title: 'Functions fail again and again'
    description: 'Functions ended with errors many times within an hour. Look at the class and the code of the exceptions in Application Insights.'
    severity: 2
    every: 'PT15M'
    window: 'PT1H'
    once: false
    by: []
    query: loadTextContent('../queries/functionFailures.kql')
  }
  {
    name: 'heartbeat-missing'
    title: 'The daily report has fallen silent'
    description: 'The run that writes the daily report was not seen for ${silentHours} hours, or no telemetry comes at all. Look whether the app runs: its overview and its log stream in the portal.'
    severity: 1
    every: 'PT1H'
    window: 'P2D'
    once: false
    by: []
    query: replace(loadTextContent('../queries/heartbeatMissing.kql'), '{silentHours}', string(silentHours))
  }
]

resource eventRules 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [for rule in rules: {
  name: '${namePrefix}-${rule.name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: rule.title
    description: rule.description
    severity: rule.severity
    enabled: true
    scopes: [
      workspaceId
    ]
    evaluationFrequency: rule.every
    windowSize: rule.window
    // Tables come into being with the first telemetry.
    skipQueryValidation: true
    autoMitigate: !rule.once
    // An event lies in the window of two looks or more, and some are logged with each try: one message, then a reminder.
    muteActionsDuration: rule.once ? 'PT6H' : null
    criteria: {
      allOf: [
        {
          query: '${events}${rule.query}'
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          dimensions: [for column in rule.by: {
            name: column
            operator: 'Include'
            values: [
              '*'
            ]
          }]
        }
      ]
    }
    actions: {
      actionGroups: groups
    }
  }
}]

@description('Action groups that get the alerts.')
output actionGroupIds array = groups
