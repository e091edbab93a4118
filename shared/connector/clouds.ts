/** The clouds in which Microsoft 365 tenants live. */
export type CloudName = 'commercial' | 'gcc' | 'gcchigh' | 'dod';

/** Where a cloud's endpoints are. Identities federate within one `identity` side and never across the two. */
export type Cloud = {
  /** Base of the token endpoint. */
  readonly authority: string;
  /** Base of the connector API, to which `/api/signals?jobid=` is appended. */
  readonly url: string;
  readonly identity: 'commercial' | 'government';
};

/** Host names by cloud, as Microsoft's sample uploader has them. GCC tenants live in the commercial identity cloud. */
export const CLOUDS: Readonly<Record<CloudName, Cloud>> = {
  commercial: {
    authority: 'https://login.microsoftonline.com',
    url: 'https://webhook.ingestion.office.com',
    identity: 'commercial',
  },
  gcc: {
    authority: 'https://login.microsoftonline.com',
    url: 'https://webhook-gcc.ingestion.office365.us',
    identity: 'commercial',
  },
  gcchigh: {
    authority: 'https://login.microsoftonline.us',
    url: 'https://webhook-itarl4.ingestion.office365.us',
    identity: 'government',
  },
  dod: {
    authority: 'https://login.microsoftonline.us',
    url: 'https://webhook-itarl5.ingestion.apps.mil',
    identity: 'government',
  },
};

/** Hosts that take records. */
export const CONNECTOR_HOSTS: readonly string[] = Object.values(CLOUDS).map(
  ({ url }) => new URL(url).hostname,
);

/** Hosts that give tokens. */
export const AUTHORITY_HOSTS: readonly string[] = [
  ...new Set(Object.values(CLOUDS).map(({ authority }) => new URL(authority).hostname)),
  'login.windows.net',
];

/** Audience of the assertion by which a managed identity stands in for an app registration, by identity side. */
export const FEDERATION_AUDIENCE: Readonly<Record<Cloud['identity'], string>> = {
  commercial: 'api://AzureADTokenExchange',
  government: 'api://AzureADTokenExchangeUSGov',
};

/** Ends of the host names of Key Vaults. */
export const VAULT_SUFFIXES: readonly string[] = ['.vault.azure.net', '.vault.usgovcloudapi.net'];

/** The resource that a token is asked for, the same in all clouds. */
export const DEFAULT_RESOURCE = 'https://microsoft.onmicrosoft.com/86dfdabb-5089-4a0c-880a-cfa5a790c5b1';
