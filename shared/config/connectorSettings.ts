import { DEFAULT_RESOURCE } from '../connector/clouds.ts';
import { address, choice, secret, text, textOr } from './setting.ts';

const IDENTIFIER = /^[\dA-Za-z][\dA-Za-z._-]{0,127}$/;

/** Settings of one connector; each name is preceded by `CONNECTOR_<NAME>_`. */
export const connectorSettings = {
  tenantId: text('TENANT_ID', 'tenant id (GUID) or domain', IDENTIFIER, {
    description: 'Microsoft Entra tenant of the connector’s app registration.',
  }),
  appId: text('APP_ID', 'application (client) id', IDENTIFIER, {
    description: 'App registration made for the connector; the one typed into the connector in the portal.',
  }),
  jobId: text('JOB_ID', 'job id', IDENTIFIER, {
    description: 'Job id that the portal shows for the connector.',
  }),
  cloud: choice('CLOUD', ['commercial', 'gcc', 'gcchigh', 'dod'], 'commercial', {
    description: 'Cloud of the Microsoft 365 tenant; decides where tokens come from and where records go.',
  }),
  auth: choice('AUTH', ['secret', 'certificate', 'federated', 'token'], 'secret', {
    description:
      'How the app proves itself: client `secret`, `certificate`, `federated` (managed identity, no secret at all; what the template sets), or a fixed `token` (this machine only).',
  }),
  secret: secret('SECRET', 'client secret', {
    description: 'For AUTH=secret: the client secret. Better kept in a Key Vault: see KEY_VAULT_URL.',
  }),
  certificate: secret('CERTIFICATE', 'certificate and private key in PEM', {
    description:
      'For AUTH=certificate: certificate and private key in PEM; line ends may be written as `\\n`.',
  }),
  keyVaultUrl: address('KEY_VAULT_URL', {
    description:
      'Key Vault that holds the secret or certificate. It is read anew whenever a new token is fetched, so a renewed secret is picked up without a restart.',
    example: 'https://ehr-vault.vault.azure.net',
  }),
  secretName: text('SECRET_NAME', 'name of a Key Vault secret', /^[\dA-Za-z-]{1,127}$/, {
    description: 'Name of the secret in that Key Vault. A certificate must have been made as PEM, not PFX.',
  }),
  managedIdentityClientId: text('MANAGED_IDENTITY_CLIENT_ID', 'client id (GUID)', IDENTIFIER, {
    description:
      'User-assigned managed identity: for AUTH=federated the one that the app registration trusts; with KEY_VAULT_URL the one that reads the vault.',
  }),
  token: secret('TOKEN', 'bearer token', {
    description: 'For AUTH=token: sent as it is. Only with a URL on this machine.',
  }),
  url: address('URL', {
    description: 'Other base address of the connector API, to which `/api/signals?jobid=` is appended.',
  }),
  allowedHost: text('ALLOWED_HOST', 'host name', /^[\da-z.-]{1,253}$/, {
    description: 'One further host name that URL may have beside those of the clouds.',
  }),
  authority: address('AUTHORITY', {
    description: 'Other token endpoint; one of the clouds’ or on this machine.',
  }),
  authorityCa: text('AUTHORITY_CA', 'certificate in PEM', /-----BEGIN CERTIFICATE-----/, {
    description:
      'Certificate authority of a token endpoint on this machine; line ends may be written as `\\n`.',
  }),
  resource: textOr('RESOURCE', 'resource id', DEFAULT_RESOURCE, (value) => URL.canParse(value), {
    description: 'Resource for which tokens are asked.',
  }),
  schema: textOr('SCHEMA', 'name of a schema', 'healthcare', (value) => IDENTIFIER.test(value), {
    description: 'Schema that exports of this connector follow, unless its mapping names another.',
  }),
  mapping: text('MAPPING', 'path of a mapping file, or its JSON', /\S/, {
    description: 'Column mapping and rules. Without it columns are matched by their names.',
    example: 'mappings/healthcare.json',
  }),
  onUnknownOutcome: choice('ON_UNKNOWN_OUTCOME', ['resend', 'hold'], 'resend', {
    description:
      'A request was sent and its answer never came: `resend` it (counted as possibly duplicated) or `hold` the batch for a human.',
  }),
} as const;
