import { keyVaultReader } from '../connector/keyVault.ts';
import type { CollectorPorts, FhirSettings } from './openCollector.ts';

/**
 * Token and keys by `@azure/identity`: the managed identity `clientId` where one is named, else whoever runs the app. The package is
 * loaded when first needed.
 */
export function fhirIdentity(
  settings: FhirSettings,
  clientId: string | undefined,
): Pick<CollectorPorts, 'token' | 'vaultKeys'> {
  const { keyVaultUrl: vaultUrl, keySecretName: secretName } = settings;
  const managedIdentityClientId = settings.clientId ?? clientId;
  return {
    token: tokenOf(managedIdentityClientId),
    ...(vaultUrl !== undefined &&
      secretName !== undefined && {
        vaultKeys: keyVaultReader({
          vaultUrl,
          secretName,
          ...(managedIdentityClientId !== undefined && { managedIdentityClientId }),
        }),
      }),
  };
}

function tokenOf(clientId: string | undefined): CollectorPorts['token'] {
  const open = async () => {
    const { DefaultAzureCredential, ManagedIdentityCredential } = await import('@azure/identity');
    return clientId === undefined
      ? new DefaultAzureCredential()
      : new ManagedIdentityCredential({ clientId });
  };
  let credential: ReturnType<typeof open> | undefined;
  return async (scope, renew) => {
    // Credentials cache their tokens: only a new one gives a fresh token.
    if (renew || credential === undefined) credential = open();
    return (await (await credential).getToken(scope)).token;
  };
}
