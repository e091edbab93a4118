import { DEFAULT_INTERACTIONS } from '../fhir/access.ts';
import { AUDIT_CONTAINER } from '../fhir/auditBlobs.ts';
import { DEFAULT_HEADER_TABLE, parseHeaderTable } from '../fhir/headerTable.ts';
import { address, guid, integer, schedule, seconds, secret, text, textOr } from './setting.ts';

const isHeaderTable = (text: string): boolean => {
  try {
    return parseHeaderTable(text).length > 0;
  } catch {
    return false;
  }
};
/** Longest look back: the marks of its hours lie in one row. */
const MAX_LOOKBACK_HOURS = 240;

/** The FHIR service as a source; nothing is collected without FHIR_URL. */
export const fhirSettings = {
  url: address('FHIR_URL', {
    description:
      'Base address of the FHIR service whose audit log is collected. Without it nothing is collected.',
    example: 'https://hospital-ehr.fhir.azurehealthcareapis.com',
  }),
  connector: textOr('FHIR_CONNECTOR', 'name of a connector', 'healthcare', (name) => /^[\w-]+$/.test(name), {
    description: 'Connector that the records go to.',
  }),
  schedule: schedule('FHIR_SCHEDULE', '0 15 * * * *', {
    description: 'When the audit log is collected; by default a quarter past every hour.',
  }),
  container: textOr(
    'FHIR_AUDIT_CONTAINER',
    'name of a container',
    AUDIT_CONTAINER,
    (name) => /^[a-z\d-]{3,63}$/.test(name),
    { description: 'Container of the data account to which the diagnostic setting archives the audit log.' },
  ),
  source: textOr('FHIR_SOURCE', 'end of a resource id', '', () => true, {
    description: 'End of the resource id of the FHIR service, where the container holds the logs of several.',
    example: '/workspaces/hospital/fhirservices/ehr',
  }),
  settleMs: seconds(
    'FHIR_SETTLE_SECONDS',
    { min: 0, max: 86_400, fallback: 600 },
    {
      description:
        'How long after its end an hour is first read. What is logged later becomes a further export.',
    },
  ),
  lookbackHours: integer(
    'FHIR_LOOKBACK_HOURS',
    'hours',
    { min: 2, max: MAX_LOOKBACK_HOURS, fallback: 48 },
    {
      description:
        'How far behind the newest hour blobs are looked at again for late entries; the first run begins so far back.',
    },
  ),
  interactions: textOr(
    'FHIR_INTERACTIONS',
    'interactions, separated by commas',
    DEFAULT_INTERACTIONS,
    (list) => /^[\w-]+(?:\s*,\s*[\w-]+)*$/.test(list),
    {
      description: 'Interactions that count as an access, as the audit log names them.',
      example: `${DEFAULT_INTERACTIONS}, update, patch, delete`,
    },
  ),
  headerTable: textOr(
    'FHIR_HEADER_TABLE',
    'rules HEADER=Field with the field names of docs/fhir.md, separated by semicolons',
    DEFAULT_HEADER_TABLE,
    isHeaderTable,
    {
      description:
        'Which custom audit header fills which field; HEADER[2]=Field takes the second of several values.',
      example: 'USERID=SamAccountName; USERLOCATION[1]=Workstation Id; USERLOCATION[2]=Patient Department',
    },
  ),
  headerKeys: secret('FHIR_HEADER_KEYS', 'keys id=base64, separated by semicolons', {
    description:
      'Keys of encrypted header values, 32 bytes each. Better kept in a Key Vault: see FHIR_KEY_VAULT_URL.',
  }),
  keyVaultUrl: address('FHIR_KEY_VAULT_URL', {
    description: 'Key Vault that holds the keys of header values; read anew by every run.',
    example: 'https://hospital-keys.vault.azure.net',
  }),
  keySecretName: text('FHIR_KEY_SECRET_NAME', 'name of a secret', /^[\dA-Za-z-]{1,127}$/, {
    description: 'Secret of that vault, written as FHIR_HEADER_KEYS would be.',
    example: 'fhir-header-keys',
  }),
  clientId: guid('FHIR_CLIENT_ID', {
    description:
      'Client id of the user-assigned managed identity that reads patients and keys; without it the one of ExportStorage__clientId.',
  }),
  ownOid: guid('FHIR_COLLECTOR_OID', {
    description:
      'Object id of that identity, by which its own reads are left out; without it the one in its token.',
  }),
  token: secret('FHIR_TOKEN', 'bearer token', {
    description: 'Token sent instead of asking for one; on loopback only, for local runs.',
  }),
  requestsPerSecond: integer(
    'FHIR_REQUESTS_PER_SECOND',
    'requests',
    { min: 1, max: 1000, fallback: 10 },
    {
      description: 'Ceiling of requests for patients in a second; each asks for up to 100.',
    },
  ),
} as const;
