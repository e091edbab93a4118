import { SettingsError } from '../errors.ts';
import { parseHeaderKeys } from '../fhir/headerCipher.ts';
import { isLoopback } from '../loopback.ts';
import { isVault, VAULT_EXPECTED } from './connectorConfig.ts';
import type { fhirSettings } from './fhirSettings.ts';
import type { ValuesOf } from './setting.ts';

type FhirValues = ValuesOf<typeof fhirSettings>;

/** What is wrong with the settings of the FHIR source taken together; each fault names its setting and shows no value. */
export function fhirFaults(fhir: FhirValues, connectors: readonly string[]): string[] {
  const faults = addressFaults(fhir);
  if (fhir.url !== undefined && !connectors.includes(fhir.connector))
    faults.push('FHIR_CONNECTOR: names none of CONNECTORS; give one of them.');
  if ((fhir.keyVaultUrl === undefined) !== (fhir.keySecretName === undefined))
    faults.push('FHIR_KEY_VAULT_URL: goes with FHIR_KEY_SECRET_NAME; give both or none.');
  if (fhir.keyVaultUrl !== undefined && !isVault(fhir.keyVaultUrl))
    faults.push(`FHIR_KEY_VAULT_URL: ${VAULT_EXPECTED}`);
  if (fhir.keyVaultUrl !== undefined && fhir.headerKeys !== undefined)
    faults.push('FHIR_HEADER_KEYS: is given beside FHIR_KEY_VAULT_URL; give one of the two.');
  try {
    parseHeaderKeys(fhir.headerKeys?.reveal() ?? '');
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    faults.push(`FHIR_HEADER_KEYS: ${error.reason.cause} ${error.reason.cure}`);
  }
  return faults;
}

/** Patients and tokens travel encrypted, except to this machine itself. */
function addressFaults({ url, token }: FhirValues): string[] {
  if (url === undefined) return [];
  const address = new URL(url);
  const faults: string[] = [];
  if (address.username || address.password)
    faults.push('FHIR_URL: holds a user name or password; leave them out.');
  if (address.search || address.hash)
    faults.push('FHIR_URL: holds a query or fragment; end it with the path.');
  if (isLoopback(address)) return faults;
  if (address.protocol !== 'https:')
    faults.push('FHIR_URL: does not begin with https:// (plain http only on this machine).');
  if (token !== undefined)
    faults.push('FHIR_TOKEN: is given for a service that is not on this machine; remove it.');
  return faults;
}
