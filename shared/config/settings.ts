import {
  address,
  bytes,
  choice,
  flag,
  guid,
  integer,
  milliseconds,
  schedule,
  seconds,
  secret,
  text,
  textOr,
} from './setting.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
};

/** Where exports lie and where the ledger, the queue and the reports are kept. */
export const storageSettings = {
  connectionString: secret('ExportStorage', 'connection string', {
    description:
      'Connection string of the data account; for development. In Azure give the three addresses below instead and an identity.',
    example: 'UseDevelopmentStorage=true',
  }),
  blobServiceUri: address('ExportStorage__blobServiceUri', {
    description: 'Blob service of the data account.',
    example: 'https://ehrexports.blob.core.windows.net',
  }),
  queueServiceUri: address('ExportStorage__queueServiceUri', {
    description: 'Queue service of the data account.',
    example: 'https://ehrexports.queue.core.windows.net',
  }),
  tableServiceUri: address('ExportStorage__tableServiceUri', {
    description: 'Table service of the data account.',
    example: 'https://ehrexports.table.core.windows.net',
  }),
  clientId: guid('ExportStorage__clientId', {
    description: 'Client id of the user-assigned managed identity that reads and writes the data account.',
  }),
} as const;

/** How an export is noticed, pinned and cut. */
export const exportSettings = {
  eventSource: choice('EVENT_SOURCE', ['polling', 'blobWebhook', 'queue'], 'blobWebhook', {
    description:
      'How a new blob is noticed: `polling` (local), `blobWebhook` (Event Grid to the blob trigger) or `queue` (Event Grid to a storage queue; behind a firewall; what the template sets).',
  }),
  pin: choice('PIN', ['snapshot', 'copy'], 'snapshot', {
    description:
      'How the content of an export is held still while it is sent: `snapshot`, or `copy` for accounts with a hierarchical namespace (SFTP).',
  }),
  emptyBlobGraceMs: seconds(
    'EMPTY_BLOB_GRACE_SECONDS',
    { min: 0, max: 86_400, fallback: 300 },
    {
      description:
        'How long an empty blob is left alone before it is judged; some writers put an empty blob first.',
    },
  ),
  chunkRecords: integer(
    'CHUNK_RECORDS',
    'records',
    { min: 1, max: 1_000_000, fallback: 100_000 },
    {
      description: 'Records in one chunk, the unit of work of one queue message.',
    },
  ),
  maxRecordBytes: bytes(
    'MAX_RECORD_BYTES',
    { min: 256, max: 64 * MIB, fallback: MIB },
    {
      description: 'Longest record that is sent; a longer one is set aside in quarantine.',
    },
  ),
  maxExportBytes: bytes(
    'MAX_EXPORT_BYTES',
    { min: 1, max: 5000 * MIB, fallback: 3 * GIB },
    {
      description: 'Largest export; a larger one is rejected. The service allows 3 GiB.',
    },
  ),
  maxExportRecords: integer(
    'MAX_EXPORT_RECORDS',
    'records',
    { min: 1, max: 100_000_000, fallback: 5_000_000 },
    {
      description: 'Most records in one export; one with more is rejected. The service allows 5,000,000.',
    },
  ),
} as const;

/** How chunks are claimed, paced and sent. */
export const deliverySettings = {
  recordsPerRequest: integer(
    'RECORDS_PER_REQUEST',
    'records',
    { min: 1, max: 100_000, fallback: 5000 },
    {
      description:
        'Records in one request. The service documents 100,000; Microsoft’s own uploader sends 5,000.',
    },
  ),
  maxBodyBytes: bytes(
    'MAX_BODY_BYTES',
    { min: 1024, max: 256 * MIB, fallback: 16 * MIB },
    {
      description: 'Largest request body; a batch that is larger goes out in parts.',
    },
  ),
  maxInFlight: integer(
    'MAX_IN_FLIGHT',
    'requests',
    { min: 1, max: 256, fallback: 32 },
    {
      description: 'Ceiling of requests in flight in one instance; below it the pace is found by itself.',
    },
  ),
  maxInFlightTotal: integer(
    'MAX_IN_FLIGHT_TOTAL',
    'requests',
    { min: 1, max: 4096, fallback: 128 },
    {
      description: 'Ceiling of requests in flight of one connector over all instances.',
    },
  ),
  claimMs: seconds(
    'CLAIM_SECONDS',
    { min: 3, max: 600, fallback: 60 },
    {
      description:
        'How long a claim on a chunk, a split or a FHIR log lasts; renewed at a third of it while the work goes on.',
    },
  ),
  probeMs: seconds(
    'PROBE_SECONDS',
    { min: 1, max: 86_400, fallback: 300 },
    {
      description: 'Time between the probes of a blocked connector.',
    },
  ),
  backoffBaseMs: milliseconds(
    'BACKOFF_BASE_MS',
    { min: 1, max: 60_000, fallback: 1000 },
    {
      description: 'First delay before a request is tried again; doubles with each try, with jitter.',
    },
  ),
  backoffMaxMs: milliseconds(
    'BACKOFF_MAX_MS',
    { min: 1, max: 86_400_000, fallback: 3_600_000 },
    {
      description: 'Longest delay before a request is tried again; also of a parked chunk.',
    },
  ),
  requestDeadlineMs: seconds(
    'REQUEST_DEADLINE_SECONDS',
    { min: 1, max: 1079, fallback: 400 },
    {
      description:
        'Deadline of one request, from the connection to the end of the answer. With INVOCATION_BUDGET_SECONDS at most 1080.',
    },
  ),
  invocationBudgetMs: seconds(
    'INVOCATION_BUDGET_SECONDS',
    { min: 1, max: 1079, fallback: 600 },
    {
      description:
        'How long one run of a function works on a chunk before it hands it back. With REQUEST_DEADLINE_SECONDS at most 1080, 60 % of functionTimeout in host.json.',
    },
  ),
} as const;

/** How often the ledger is swept. */
export const sweepSettings = {
  schedule: schedule('SWEEP_SCHEDULE', '0 * * * * *', {
    description: 'When the sweep runs that mends what events and messages missed.',
  }),
  graceMs: seconds(
    'SWEEP_GRACE_SECONDS',
    { min: 0, max: 86_400, fallback: 120 },
    {
      description:
        'How long the sweep lets an event or a message be on its way before it starts the work itself.',
    },
  ),
} as const;

/** What the daily status says, and when. */
export const reportSettings = {
  schedule: schedule('REPORT_SCHEDULE', '0 5 * * * *', {
    description:
      'When it is looked at whether a daily report is due; hourly, so that time zones need no care.',
  }),
  hour: integer(
    'REPORT_HOUR',
    'hour of the day',
    { min: 0, max: 23, fallback: 6 },
    {
      description: 'Hour of REPORT_TIME_ZONE from which yesterday’s report is written.',
    },
  ),
  timeZone: textOr('REPORT_TIME_ZONE', 'IANA time zone', 'UTC', isTimeZone, {
    description:
      'Time zone of the report’s days. In the template the parameter `timeZone`, for azd and the parameter files the variable TIME_ZONE.',
    example: 'America/Chicago',
  }),
  expectedBy: text('EXPECTED_BY', 'time of day, HH:MM', /^(?:[01]\d|2[0-3]):[0-5]\d$/, {
    description:
      'Time of REPORT_TIME_ZONE by which a day’s export has usually arrived; later, its absence is an alert. Without it the alert comes at the end of the day. In the template the parameter `expectedBy`, for azd and the parameter files the variable EXPORT_EXPECTED_BY.',
    example: '05:30',
  }),
  retentionDays: integer(
    'RETENTION_DAYS',
    'days',
    { min: 8, max: 3660, fallback: 400 },
    {
      description: 'How long the ledger keeps finished exports; then a monthly summary remains.',
    },
  ),
  hashBlobNames: flag('HASH_BLOB_NAMES', false, {
    description: 'Show hashes instead of blob names in logs and reports, where names may hold patient names.',
  }),
} as const;

/** Where traces, metrics and logs go; the platform and the template name these settings. */
export const telemetrySettings = {
  connectionString: secret('APPLICATIONINSIGHTS_CONNECTION_STRING', 'connection string', {
    description:
      'Application Insights that traces, metrics and logs go to. Without it there is no telemetry.',
  }),
  authentication: text(
    'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
    'ClientId=…;Authorization=AAD',
    /^(?:ClientId=[^;]+;)?Authorization=AAD$/,
    {
      description: 'Managed identity that signs in to Application Insights.',
      example: 'ClientId=00000000-0000-0000-0000-000000000000;Authorization=AAD',
    },
  ),
} as const;

export { fhirSettings } from './fhirSettings.ts';
