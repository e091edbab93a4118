import {
  AUTHORITY_HOSTS,
  type CloudName,
  CLOUDS,
  CONNECTOR_HOSTS,
  VAULT_SUFFIXES,
} from '../connector/clouds.ts';
import { endpointFault } from '../connector/endpoint.ts';
import { isLoopback } from '../loopback.ts';
import { connectorPrefix } from './connectorPrefix.ts';
import { connectorSettings } from './connectorSettings.ts';
import type { Secret } from './secret.ts';
import { readSettings, type ValuesOf } from './setting.ts';

/** Where a secret is read: from the settings, or from a Key Vault each time it is needed. */
export type SecretSource =
  | { readonly from: 'setting'; readonly value: Secret }
  | {
      readonly from: 'keyVault';
      readonly vaultUrl: string;
      readonly secretName: string;
      readonly managedIdentityClientId?: string;
    };

/** How the app registration proves itself. */
export type AuthConfig =
  | { readonly kind: 'secret' | 'certificate'; readonly source: SecretSource }
  | { readonly kind: 'federated'; readonly managedIdentityClientId: string }
  | { readonly kind: 'token'; readonly token: Secret };

/** One connector of Purview. */
export type ConnectorConfig = {
  readonly name: string;
  readonly tenantId: string;
  readonly appId: string;
  readonly jobId: string;
  readonly cloud: CloudName;
  readonly auth: AuthConfig;
  /** Base of the connector API. */
  readonly url: string;
  /** A host beside the clouds' to which records may go. */
  readonly allowedHost?: string;
  /** Base of the token endpoint. */
  readonly authority: string;
  /** PEM of the authority's certificate issuer; only for a token endpoint on this machine. */
  readonly authorityCa?: string;
  readonly resource: string;
  readonly schema: string;
  /** Path of a mapping file, or its JSON. */
  readonly mapping?: string;
  readonly onUnknownOutcome: 'resend' | 'hold';
};

type Values = ValuesOf<typeof connectorSettings>;

/** Read and check one connector; undefined when what it cannot do without is missing (then `faults` says so). */
export function readConnector(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
  homeCloud: 'commercial' | 'government',
  faults: string[],
): ConnectorConfig | undefined {
  const prefix = connectorPrefix(name);
  const fault = (setting: string, words: string): void => {
    faults.push(`${prefix}${setting}: ${words}`);
  };
  const values = readSettings(connectorSettings, env, faults, prefix);
  const cloud = CLOUDS[values.cloud];
  const url = values.url ?? cloud.url;
  const authority = values.authority ?? cloud.authority;

  checkUrl(values, url, fault);
  checkAuthority(values, authority, fault);
  const auth = readAuth(values, fault);
  if (auth?.kind === 'federated' && cloud.identity !== homeCloud) {
    fault(
      'AUTH',
      `federated cannot reach CLOUD ${values.cloud} from HOME_CLOUD ${homeCloud}; use a secret or certificate.`,
    );
  }
  if (auth?.kind === 'token' && URL.canParse(url) && !isLoopback(new URL(url))) {
    fault('AUTH', 'token is for a URL on this machine only; use secret, certificate or federated.');
  }
  const jobId = values.jobId ?? missing('JOB_ID', env, prefix, fault);
  const tenantId =
    values.tenantId ?? (auth?.kind === 'token' ? '' : missing('TENANT_ID', env, prefix, fault));
  const appId = values.appId ?? (auth?.kind === 'token' ? '' : missing('APP_ID', env, prefix, fault));
  if (auth === undefined || jobId === undefined || tenantId === undefined || appId === undefined)
    return undefined;
  const { schema, resource, onUnknownOutcome, mapping, allowedHost, authorityCa } = values;
  return {
    name,
    tenantId,
    appId,
    jobId,
    cloud: values.cloud,
    auth,
    url,
    authority,
    resource,
    schema,
    onUnknownOutcome,
    ...(mapping === undefined ? {} : { mapping }),
    ...(allowedHost === undefined ? {} : { allowedHost }),
    ...(authorityCa === undefined ? {} : { authorityCa: authorityCa.replaceAll('\\n', '\n') }),
  };
}

type Fault = (setting: string, words: string) => void;

function missing(
  setting: string,
  env: Readonly<Record<string, string | undefined>>,
  prefix: string,
  fault: Fault,
): undefined {
  if (!env[`${prefix}${setting}`]?.trim()) fault(setting, 'is missing; copy it from the portal.');
  return undefined;
}

function checkUrl({ url: given, cloud, allowedHost }: Values, url: string, fault: Fault): void {
  const words = endpointFault(url, [...CONNECTOR_HOSTS, ...(allowedHost === undefined ? [] : [allowedHost])]);
  if (words) {
    fault('URL', `${words}; correct it, or name the host in ALLOWED_HOST.`);
  } else if (given !== undefined && CONNECTOR_HOSTS.includes(new URL(given).hostname)) {
    const own = new URL(CLOUDS[cloud].url).hostname;
    if (new URL(given).hostname !== own)
      fault('URL', `is of another cloud than CLOUD ${cloud} (${own}); correct one.`);
  }
}

function checkAuthority({ cloud, authorityCa }: Values, authority: string, fault: Fault): void {
  const words = endpointFault(authority, AUTHORITY_HOSTS);
  if (words) {
    fault('AUTHORITY', `${words}.`);
    return;
  }
  const local = isLoopback(new URL(authority));
  const side = new URL(authority).hostname.endsWith('.us') ? 'government' : 'commercial';
  if (!local && side !== CLOUDS[cloud].identity)
    fault('AUTHORITY', `is of another cloud than CLOUD ${cloud}; correct one.`);
  if (!local && authorityCa !== undefined)
    fault('AUTHORITY_CA', 'is for a token endpoint on this machine only; remove it.');
}

function readAuth(values: Values, fault: Fault): AuthConfig | undefined {
  const { auth, secret, certificate, managedIdentityClientId, token } = values;
  if (auth === 'secret') return withSource(auth, secret, 'SECRET', values, fault);
  if (auth === 'certificate') return withSource(auth, certificate, 'CERTIFICATE', values, fault);
  if (auth === 'federated') {
    if (managedIdentityClientId !== undefined) return { kind: auth, managedIdentityClientId };
    fault('MANAGED_IDENTITY_CLIENT_ID', 'is missing; AUTH federated needs a user-assigned managed identity.');
    return undefined;
  }
  if (token !== undefined) return { kind: auth, token };
  fault('TOKEN', 'is missing; AUTH token sends it as it is.');
  return undefined;
}

function withSource(
  kind: 'secret' | 'certificate',
  value: Secret | undefined,
  setting: string,
  { keyVaultUrl, secretName, managedIdentityClientId }: Values,
  fault: Fault,
): AuthConfig | undefined {
  if (keyVaultUrl === undefined && secretName === undefined) {
    if (value !== undefined) return { kind, source: { from: 'setting', value } };
    fault(setting, 'is missing; give it, or KEY_VAULT_URL and SECRET_NAME.');
    return undefined;
  }
  if (value !== undefined)
    fault(setting, 'is given beside KEY_VAULT_URL or SECRET_NAME; give one of the two.');
  if (secretName === undefined) fault('SECRET_NAME', 'is missing beside KEY_VAULT_URL.');
  if (keyVaultUrl === undefined) fault('KEY_VAULT_URL', 'is missing beside SECRET_NAME.');
  if (keyVaultUrl === undefined || secretName === undefined) return undefined;
  if (!isVault(keyVaultUrl)) fault('KEY_VAULT_URL', VAULT_EXPECTED);
  return {
    kind,
    source: {
      from: 'keyVault',
      vaultUrl: keyVaultUrl,
      secretName,
      ...(managedIdentityClientId === undefined ? {} : { managedIdentityClientId }),
    },
  };
}

export const VAULT_EXPECTED = `must begin with https:// and end with ${VAULT_SUFFIXES.join(' or ')}.`;

/** Whether an address is a Key Vault's: tokens that open it are sent there. */
export function isVault(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (
    url.protocol === 'https:' &&
    !url.username &&
    !url.port &&
    VAULT_SUFFIXES.some((suffix) => url.hostname.endsWith(suffix))
  );
}
