import { SettingsError, type Reason } from '../errors.ts';
import { isLoopback } from '../loopback.ts';

/** Where an account's services are, and how a caller proves who it is. Endpoints end without a slash. */
export type StorageConnection = {
  readonly blobUrl: string;
  readonly queueUrl: string;
  readonly tableUrl: string;
  readonly credential:
    | { readonly kind: 'key'; readonly accountName: string; readonly accountKey: string }
    | { readonly kind: 'managedIdentity'; readonly clientId?: string }
    /** Whoever is signed in: a developer, a pipeline. */
    | { readonly kind: 'default' };
};

type Service = 'blob' | 'queue' | 'table';

/** The emulator's account on its usual ports; name and key are published and protect nothing. */
const EMULATOR =
  'AccountName=devstoreaccount1;' +
  'AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;' +
  'BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;' +
  'QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;' +
  'TableEndpoint=http://127.0.0.1:10002/devstoreaccount1';

/**
 * Read the setting `name` as the Functions host does: a connection string, `UseDevelopmentStorage=true`, or a prefix with
 * `<name>__blobServiceUri`, `__queueServiceUri`, `__tableServiceUri`, `__credential` and `__clientId`.
 * @throws {SettingsError} naming the setting; a value with a key in it is never repeated
 */
export function readStorageConnection(
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
): StorageConnection {
  const value = environment[name]?.trim();
  if (!value) return identityConnection(environment, name);
  const text = /^UseDevelopmentStorage=true;?$/iu.test(value) ? EMULATOR : value;
  return keyConnection(text, name);
}

function keyConnection(text: string, name: string): StorageConnection {
  const parts = new Map(
    text
      .split(';')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map((part): [string, string] => {
        const at = part.indexOf('=');
        return [part.slice(0, at).toLowerCase(), part.slice(at + 1)];
      }),
  );
  const accountName = parts.get('accountname');
  const accountKey = parts.get('accountkey');
  if (!accountName || !accountKey) {
    throw fault(
      `The setting ${name} is no connection string with AccountName and AccountKey.`,
      `Copy the connection string from the storage account's access keys, or leave ${name} out and set ${name}__blobServiceUri and its companions to sign in with an identity.`,
    );
  }
  const protocol = parts.get('defaultendpointsprotocol') ?? 'https';
  const suffix = parts.get('endpointsuffix') ?? 'core.windows.net';
  const url = (service: Service): string =>
    endpoint(
      parts.get(`${service}endpoint`) ?? `${protocol}://${accountName}.${service}.${suffix}`,
      service,
      `The ${service} endpoint in the setting ${name}`,
    );
  return {
    blobUrl: url('blob'),
    queueUrl: url('queue'),
    tableUrl: url('table'),
    credential: { kind: 'key', accountName, accountKey },
  };
}

function identityConnection(
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
): StorageConnection {
  const url = (service: Service): string => {
    const setting = `${name}__${service}ServiceUri`;
    const value = environment[setting]?.trim();
    if (!value) {
      throw fault(
        `Neither the setting ${name} nor ${setting} is set.`,
        `Set ${setting} to the ${service} endpoint of the storage account, or ${name} to a connection string.`,
      );
    }
    return endpoint(value, service, `The setting ${setting}`);
  };
  const credential = environment[`${name}__credential`]?.trim();
  if (credential && credential.toLowerCase() !== 'managedidentity') {
    throw fault(
      `The setting ${name}__credential is neither absent nor "managedidentity".`,
      `Set ${name}__credential to managedidentity.`,
    );
  }
  const clientId = environment[`${name}__clientId`]?.trim();
  return {
    blobUrl: url('blob'),
    queueUrl: url('queue'),
    tableUrl: url('table'),
    credential:
      credential || clientId
        ? { kind: 'managedIdentity', ...(clientId ? { clientId } : {}) }
        : { kind: 'default' },
  };
}

/** A service of an account in the clouds that the app runs in; the last is of accounts with DNS zones. */
const SERVICE_HOST =
  /^[a-z\d][a-z\d-]+(?:\.z\d\d)?\.(?<service>blob|queue|table)\.(?:core\.windows\.net|core\.usgovcloudapi\.net|storage\.azure\.net)$/u;

/**
 * The identity's token, which opens every account that the identity may open, goes to this address: it must be Azure Storage.
 * This machine may be named as well, for the emulator; plain http is for it alone.
 */
function endpoint(text: string, service: Service, what: string): string {
  const url = URL.parse(text);
  if (url !== null && !url.username && !url.password && !url.search && !url.hash) {
    const { protocol, hostname, port, pathname } = url;
    const local = isLoopback(url) && (protocol === 'https:' || protocol === 'http:');
    const named = SERVICE_HOST.exec(hostname)?.groups?.['service'] === service;
    if (local || (named && protocol === 'https:' && port === '' && pathname === '/')) {
      return url.href.replace(/\/+$/u, '');
    }
  }
  throw fault(
    `${what} is not the https address of the ${service} service of a storage account.`,
    `Give it as the account shows it, https://ACCOUNT.${service}.core.windows.net (core.usgovcloudapi.net in Azure Government), and nothing behind it.`,
  );
}

const fault = (cause: string, cure: string): SettingsError =>
  new SettingsError({ code: 'BAD_STORAGE_CONNECTION', cause, cure } satisfies Reason);
