import { parseArgs } from 'node:util';
import { type CloudName, CLOUDS } from '../../shared/connector/clouds.ts';
import { registerApp } from './appRegistration.ts';
import { az } from './az.ts';

const USAGE = `Makes the app registration of a connector, trusting the pipeline's managed identity. No secret is made.

  npx node infra/scripts/registerApp.ts --identity OBJECT_ID --tenant TENANT_ID [--cloud CLOUD] [--name NAME]

  --identity  object id of the identity: IDENTITY_PRINCIPAL_ID of the deployment (azd env get-values)
  --tenant    Microsoft 365 tenant (GUID) in which the connector is set up
  --cloud     ${Object.keys(CLOUDS).join(', ')} (default commercial)
  --name      display name of the app registration (default "EHR exports to Purview")
`;

const { values } = parseArgs({
  options: {
    identity: { type: 'string' },
    tenant: { type: 'string' },
    cloud: { type: 'string', default: 'commercial' },
    name: { type: 'string', default: 'EHR exports to Purview' },
    help: { type: 'boolean', default: false },
  },
});
const isCloud = (name: string): name is CloudName => Object.hasOwn(CLOUDS, name);
if (values.help || !values.identity || !values.tenant || !isCloud(values.cloud)) {
  process.stderr.write(USAGE);
  process.exit(values.help ? 0 : 2);
}

const { appId, adminConsentUrl } = await registerApp(az, {
  displayName: values.name,
  identityObjectId: values.identity,
  cloud: values.cloud,
  tenantId: values.tenant,
});
process.stdout.write(
  [
    ...(adminConsentUrl
      ? [
          `An administrator of tenant ${values.tenant} opens this once to admit the app:`,
          `  ${adminConsentUrl}`,
          '',
        ]
      : []),
    'In the Purview portal, on the page of the Healthcare connector, type:',
    `  Microsoft Entra application ID   ${appId}`,
    'The portal then shows the job id. Hand all of it to the deployment:',
    `  azd env set CONNECTOR_TENANT_ID ${values.tenant}`,
    `  azd env set CONNECTOR_APP_ID ${appId}`,
    '  azd env set CONNECTOR_JOB_ID <job id of the portal>',
    `  azd env set CONNECTOR_CLOUD ${values.cloud}`,
    '  azd provision',
    '',
  ].join('\n'),
);
