/** Where a secret lies in a Key Vault, and which identity may read it. */
export type VaultSecret = {
  readonly vaultUrl: string;
  readonly secretName: string;
  /** User-assigned managed identity; the app's own when left out. */
  readonly managedIdentityClientId?: string;
};

/**
 * Reads the current version of a secret on every call. A Key Vault reference in the app's settings would not do: it becomes
 * an environment variable at start, and a running process keeps the old secret for up to a day.
 */
export function keyVaultReader({
  vaultUrl,
  secretName,
  managedIdentityClientId,
}: VaultSecret): () => Promise<string> {
  return async () => {
    const [{ ManagedIdentityCredential }, { SecretClient }] = await Promise.all([
      import('@azure/identity'),
      import('@azure/keyvault-secrets'),
    ]);
    const credential = managedIdentityClientId
      ? new ManagedIdentityCredential({ clientId: managedIdentityClientId })
      : new ManagedIdentityCredential();
    const client = new SecretClient(vaultUrl, credential, { retryOptions: { maxRetries: 1 } });
    const { value } = await client.getSecret(secretName);
    if (!value) throw new Error('The secret is empty.');
    return value;
  };
}
