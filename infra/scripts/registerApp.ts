import { parseArgs } from 'node:util';
import { type CloudName, CLOUDS } from '../../shared/connector/clouds.ts';
import { registerApp } from './appRegistration.ts';
import { az } from './az.ts';
import { runScript, UsageFault } from './script.ts';

const USAGE = `Makes the app registration of a connector, trusting the pipeline's managed identity. No secret is made.

  npx node infra/scripts/registerApp.ts --identity OBJECT_ID --tenant TENANT_ID [--cloud CLOUD] [--name NAME]

  --identity  object id of the identity: IDENTITY_PRINCIPAL_ID of the deployment (azd env get-values)
  --tenant    Microsoft 365 tenant (GUID) in which the connector is set up
  --cloud     ${Object.keys(CLOUDS).join(', ')} (default commercial)
  --name      display name of the app registration (default "EHR exports to Purview")
`;

const isCloud = (name: string): name is CloudName => Object.hasOwn(CLOUDS, name);

await runScript(USAGE, async () => {
  const { values } = parseArgs({
    options: {
      identity: { type: 'string' },
      tenant: { type: 'string' },
      cloud: { type: 'string', default: 'commercial' },
      name: { type: 'string', default: 'EHR exports to Purview' },
      help: { type: 'boolean', default: false },
    },
  });
  const { help, identity, tenant, cloud, name } = values;
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  if (!identity || !tenant) throw new UsageFault('--identity and --tenant are needed.');
  if (!isCloud(cloud)) throw new UsageFault(`--cloud is one of ${Object.keys(CLOUDS).join(', ')}.`);
  const registered = await registerApp(az, {
    displayName: name,
    identityObjectId: identity,
    cloud,
    tenantId: tenant,
  });
  process.stdout.write(nextSteps(registered, tenant, cloud));
});

function nextSteps(
  { appId, adminConsentUrl }: Awaited<ReturnType<typeof registerApp>>,
  tenant: string,
  cloud: CloudName,
): string {
  const admission = adminConsentUrl
    ? [`An administrator of tenant ${tenant} opens this once to admit the app:`, `  ${adminConsentUrl}`, '']
    : [];
  return [
    ...admission,
    'In the Purview portal, on the page of the Healthcare connector, type:',
    `  Microsoft Entra application ID   ${appId}`,
    'The portal then shows the job id. Hand all of it to the deployment (without azd: as variables of the shell, docs/deploy.md):',
    `  azd env set CONNECTOR_TENANT_ID ${tenant}`,
    `  azd env set CONNECTOR_APP_ID ${appId}`,
    '  azd env set CONNECTOR_JOB_ID <job id of the portal>',
    `  azd env set CONNECTOR_CLOUD ${cloud}`,
    '  azd up',
    '',
  ].join('\n');
}
