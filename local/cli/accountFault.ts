import { UsageError } from './usageError.ts';

/** What the SDK throws when it gets no token for whoever is signed in. */
const NOBODY_SIGNED_IN =
  /^(?:Aggregate)?Authentication(?:Required)?Error$|^CredentialUnavailableError$|^ChainedTokenCredentialError$/u;

const ROLES =
  'Storage Table Data Contributor, Storage Queue Data Contributor and Storage Blob Data Contributor on the account';

/**
 * Why an account in Azure let nobody in, as cause and cure; undefined when the error is of another kind. The SDK's own words, of many
 * lines and headers, are left out.
 */
export function accountFault(error: unknown): UsageError | undefined {
  const { name, statusCode, code } = error as { name?: string; statusCode?: unknown; code?: unknown };
  const known = faultOf(String(name), statusCode, String(code));
  return known && new UsageError(...known, { cause: error });
}

function faultOf(
  name: string,
  status: unknown,
  code: string,
): readonly [cause: string, cure: string] | undefined {
  if (NOBODY_SIGNED_IN.test(name))
    return [
      'Nobody is signed in to Azure on this machine, or the sign-in has run out.',
      'Sign in with "az login", in the tenant of the storage account.',
    ];
  if (status === 401)
    return [
      'The storage account does not take this sign-in (401).',
      'Sign in with "az login" in the tenant of the account ("az login --tenant TENANT_ID").',
    ];
  if (status === 403 && code === 'AuthenticationFailed')
    return [
      'The storage account does not take this key or sign-in (403 AuthenticationFailed).',
      'Check the connection string in ExportStorage, or sign in again with "az login"; the clock of this machine must be right.',
    ];
  if (status === 403)
    return [
      `The storage account refuses you (403${/^\w+$/u.test(code) && code !== 'undefined' ? ` ${code}` : ''}).`,
      `You need the roles ${ROLES}, some minutes before they count, and a place in its network (docs/operations.md).`,
    ];
  if (code === 'ENOTFOUND')
    return [
      'The storage account has no address that this machine can find.',
      'Check the account in ExportStorage__blobServiceUri, __queueServiceUri and __tableServiceUri; a private one is found from its network alone.',
    ];
  return undefined;
}
