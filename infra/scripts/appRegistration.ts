import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CloudName, CLOUDS, FEDERATION_AUDIENCE } from '../../shared/connector/clouds.ts';
import type { Az } from './az.ts';

/** What the app registration of a connector is made from. */
export type Registration = {
  readonly displayName: string;
  /** Object id of the pipeline's managed identity: IDENTITY_PRINCIPAL_ID of the deployment. */
  readonly identityObjectId: string;
  /** Cloud of the Microsoft 365 tenant. */
  readonly cloud: CloudName;
  /** Microsoft 365 tenant (GUID) that the connector lives in. */
  readonly tenantId: string;
};

export type Registered = {
  readonly appId: string;
  /** The connector's tenant is another than the identity's: its administrator has to admit the app once. */
  readonly adminConsentUrl?: string;
};

const CREDENTIAL = 'ehr-purview-pipeline';
const AZURE_CLOUD = { commercial: 'AzureCloud', government: 'AzureUSGovernment' };

/**
 * Make the app registration that the connector knows, trusting the managed identity: no secret comes into being.
 * Run again, it finds what exists and adds what is missing.
 * @throws {Error} where no federation is possible (another cloud), saying what to do instead
 */
export async function registerApp(az: Az, registration: Registration): Promise<Registered> {
  const { displayName, identityObjectId, cloud, tenantId } = registration;
  const { identity, authority } = CLOUDS[cloud];
  const signedIn = (await az(['account', 'show'])) as { tenantId: string; environmentName: string };
  if (signedIn.environmentName !== AZURE_CLOUD[identity]) {
    throw new Error(
      `A managed identity of ${signedIn.environmentName} cannot vouch for an app in ${AZURE_CLOUD[identity]} (cloud ${cloud}): ` +
        'identities never federate across clouds. Put a client secret or a PEM certificate into the vault instead (docs/deploy.md).',
    );
  }
  const foreign = signedIn.tenantId !== tenantId;
  const audience = foreign ? 'AzureADMultipleOrgs' : 'AzureADMyOrg';
  const appId = (await findApp(az, displayName)) ?? (await createApp(az, displayName, audience));
  await ensurePrincipal(az, appId);
  await ensureCredential(az, appId, {
    name: CREDENTIAL,
    issuer: `${authority}/${signedIn.tenantId}/v2.0`,
    subject: identityObjectId,
    audiences: [FEDERATION_AUDIENCE[identity]],
  });
  return foreign
    ? { appId, adminConsentUrl: `${authority}/${tenantId}/adminconsent?client_id=${appId}` }
    : { appId };
}

async function findApp(az: Az, displayName: string): Promise<string | undefined> {
  const apps = (await az(['ad', 'app', 'list', '--display-name', displayName])) as {
    appId: string;
    displayName: string;
  }[];
  const same = apps.filter((app) => app.displayName === displayName);
  if (same.length > 1) {
    throw new Error(
      `${same.length} app registrations are called "${displayName}". Rename or delete all but one.`,
    );
  }
  return same[0]?.appId;
}

async function createApp(az: Az, displayName: string, audience: string): Promise<string> {
  const { appId } = (await az([
    'ad',
    'app',
    'create',
    '--display-name',
    displayName,
    '--sign-in-audience',
    audience,
  ])) as { appId: string };
  return appId;
}

async function ensurePrincipal(az: Az, appId: string): Promise<void> {
  const principals = (await az(['ad', 'sp', 'list', '--filter', `appId eq '${appId}'`])) as unknown[];
  if (principals.length === 0) await az(['ad', 'sp', 'create', '--id', appId]);
}

type Credential = { name: string; issuer: string; subject: string; audiences: string[] };

async function ensureCredential(az: Az, appId: string, wanted: Credential): Promise<void> {
  const command = ['ad', 'app', 'federated-credential'];
  const existing = (await az([...command, 'list', '--id', appId])) as Credential[];
  const found = existing.find(({ name }) => name === wanted.name);
  if (found?.issuer === wanted.issuer && found.subject === wanted.subject) return;
  if (found) await az([...command, 'delete', '--id', appId, '--federated-credential-id', wanted.name]);
  // By a file: shells quote JSON each in their own way.
  const folder = await mkdtemp(join(tmpdir(), 'credential-'));
  const path = join(folder, 'credential.json');
  try {
    await writeFile(path, JSON.stringify(wanted));
    await az([...command, 'create', '--id', appId, '--parameters', `@${path}`]);
  } finally {
    await rm(folder, { recursive: true });
  }
}
