import { SettingsError } from '../errors.ts';
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

const SERVICES = ['blob', 'queue', 'table'] as const;
type Service = (typeof SERVICES)[number];
type Environment = Readonly<Record<string, string | undefined>>;

/** Connection string of the emulator's account on its usual ports; name and key are published and protect nothing. */
export const EMULATOR_CONNECTION =
  'AccountName=devstoreaccount1;' +
  'AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;' +
  'BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;' +
  'QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;' +
  'TableEndpoint=http://127.0.0.1:10002/devstoreaccount1';

/**
 * Read the setting `name` as the Functions host does: a connection string, `UseDevelopmentStorage=true`, or a prefix with
 * `<name>__blobServiceUri`, `__queueServiceUri`, `__tableServiceUri`, `__credential` and `__clientId`.
 * @throws {SettingsError} naming every setting at fault; a value with a key in it is never repeated
 */
export function readStorageConnection(environment: Environment, name: string): StorageConnection {
  const faults: string[] = [];
  const connection = parseConnection(environment, name, faults);
  if (faults.length === 0) return connection;
  throw new SettingsError({
    code: 'BAD_STORAGE_CONNECTION',
    cause: faults.join(' '),
    cure: 'Correct what is named; docs/configuration.md has the settings of the storage account.',
  });
}

/** What keeps {@link readStorageConnection} from reading the setting `name`: a sentence for each fault, with setting and cure. */
export function storageConnectionFaults(environment: Environment, name: string): string[] {
  const faults: string[] = [];
  parseConnection(environment, name, faults);
  return faults;
}

function parseConnection(environment: Environment, name: string, faults: string[]): StorageConnection {
  const value = environment[name]?.trim();
  if (!value) return identityConnection(environment, name, faults);
  const text = /^UseDevelopmentStorage=true;?$/iu.test(value) ? EMULATOR_CONNECTION : value;
  return keyConnection(text, name, faults);
}

function keyConnection(text: string, name: string, faults: string[]): StorageConnection {
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
  const accountName = parts.get('accountname') ?? '';
  const accountKey = parts.get('accountkey') ?? '';
  if (!accountName || !accountKey) {
    faults.push(
      `${name}: is no connection string with AccountName and AccountKey; copy it from the storage account's access keys, or leave it out and set ${name}__blobServiceUri and its companions to sign in with an identity.`,
    );
  }
  const protocol = parts.get('defaultendpointsprotocol') ?? 'https';
  const suffix = parts.get('endpointsuffix') ?? 'core.windows.net';
  const url = (service: Service): string => {
    const given = parts.get(`${service}endpoint`);
    if (given === undefined && !accountName) return '';
    const text = given ?? `${protocol}://${accountName}.${service}.${suffix}`;
    return endpoint(text, service, `${name}: its ${service} endpoint`, faults);
  };
  const credential = { kind: 'key', accountName, accountKey } as const;
  return { blobUrl: url('blob'), queueUrl: url('queue'), tableUrl: url('table'), credential };
}

function identityConnection(environment: Environment, name: string, faults: string[]): StorageConnection {
  const settingOf = (service: Service): string => `${name}__${service}ServiceUri`;
  const valueOf = (service: Service): string => environment[settingOf(service)]?.trim() ?? '';
  const nothing = SERVICES.every((service) => !valueOf(service));
  if (nothing) {
    faults.push(
      `${name}: expected either a connection string, or ${SERVICES.map(settingOf).join(', ')}; set one or the other.`,
    );
  }
  const url = (service: Service): string => {
    const value = valueOf(service);
    if (value) return endpoint(value, service, `${settingOf(service)}:`, faults);
    if (!nothing) {
      faults.push(
        `${settingOf(service)}: is missing; give the ${service} endpoint of the storage account, or set ${name} to a connection string.`,
      );
    }
    return '';
  };
  const credential = environment[`${name}__credential`]?.trim();
  if (credential && credential.toLowerCase() !== 'managedidentity') {
    faults.push(`${name}__credential: is neither absent nor "managedidentity"; correct it or remove it.`);
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
 * @param what the setting, with what of it is the address
 * @returns the address without the slash at its end, '' with a fault
 */
function endpoint(text: string, service: Service, what: string, faults: string[]): string {
  const url = URL.parse(text);
  if (url !== null && !url.username && !url.password && !url.search && !url.hash) {
    const { protocol, hostname, port, pathname } = url;
    const local = isLoopback(url) && (protocol === 'https:' || protocol === 'http:');
    const named = SERVICE_HOST.exec(hostname)?.groups?.['service'] === service;
    if (local || (named && protocol === 'https:' && port === '' && pathname === '/')) {
      return url.href.replace(/\/+$/u, '');
    }
  }
  faults.push(
    `${what} is not the https address of the ${service} service of a storage account; give it as the account shows it, https://ACCOUNT.${service}.core.windows.net (core.usgovcloudapi.net in Azure Government), and nothing behind it.`,
  );
  return '';
}
