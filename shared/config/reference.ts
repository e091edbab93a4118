import { appSettings } from './config.ts';
import { MAX_BATCHES_PER_CHUNK } from '../ledger/model.ts';
import { connectorSettings } from './connectorSettings.ts';
import type { Setting, Settings } from './setting.ts';
import {
  deliverySettings,
  exportSettings,
  fhirSettings,
  reportSettings,
  storageSettings,
  sweepSettings,
  telemetrySettings,
} from './settings.ts';

/** The tables of settings in the order of the reference. A new table is read in config.ts and listed here. */
const GROUPS: readonly { title: string; intro?: string; prefix?: string; settings: Settings }[] = [
  { title: 'App', settings: appSettings },
  {
    title: 'Storage',
    intro: 'Either the connection string or the three addresses.',
    settings: storageSettings,
  },
  { title: 'Exports', settings: exportSettings },
  { title: 'Delivery', settings: deliverySettings },
  { title: 'Sweep', settings: sweepSettings },
  { title: 'Report', settings: reportSettings },
  { title: 'Telemetry', settings: telemetrySettings },
  {
    title: 'FHIR',
    intro: 'The FHIR service as a source: see [fhir.md](fhir.md).',
    settings: fhirSettings,
  },
  {
    title: 'Each connector',
    intro:
      'Once for each name in `CONNECTORS`, in upper case, with `_` for what is neither letter nor digit: `CONNECTOR_HEALTHCARE_JOB_ID`.',
    prefix: 'CONNECTOR_<NAME>_',
    settings: connectorSettings,
  },
];

const INTRO = [
  'Settings are environment variables. In Azure they are app settings, and the template sets them: most by parameters of their own ([deploy](deploy.md#what-the-parameter-files-read)), any other by the parameter `settings`. Defaults below are those of the app; where the template sets another value, it says so. On one machine `npm start` and `npm run watch` take them from the environment, and from options of the same names; `Values` of `local.settings.json` are read by Core Tools (`npm run start:func`) only.',
  '',
  'They are read once at start and checked all together; the app does not start with a wrong one and says which it is and what to do. An empty value counts as not given. Values of secrets appear in no message.',
  '',
  'Rules between settings:',
  '',
  `- \`CHUNK_RECORDS\` is at most ${MAX_BATCHES_PER_CHUNK.toLocaleString('en-US')} times \`RECORDS_PER_REQUEST\`.`,
  '- `MAX_RECORD_BYTES` is at most `MAX_BODY_BYTES`, `BACKOFF_BASE_MS` at most `BACKOFF_MAX_MS`, `MAX_IN_FLIGHT` at most `MAX_IN_FLIGHT_TOTAL`.',
  '- Names in `CONNECTORS` differ in more than case and punctuation, or they would share settings.',
  '- `FHIR_CONNECTOR` is one of `CONNECTORS`; `FHIR_KEY_VAULT_URL` and `FHIR_KEY_SECRET_NAME` come together, and without `FHIR_HEADER_KEYS`.',
  '- `NODE_TLS_REJECT_UNAUTHORIZED=0` keeps the app from starting.',
];

/** The reference of all settings, as Markdown. */
export function renderReference(): string {
  return [
    '# Configuration',
    '',
    '<!-- Generated from shared/config by `node local/build/docs.ts`; edit the tables there. -->',
    '',
    ...INTRO,
    ...GROUPS.flatMap(({ title, intro, prefix = '', settings }) => [
      '',
      `## ${title}`,
      ...(intro ? ['', intro] : []),
      '',
      '| setting | expects | default | meaning |',
      '| --- | --- | --- | --- |',
      ...Object.values(settings).map((setting) => renderRow(setting, prefix)),
    ]),
    '',
  ].join('\n');
}

function renderRow(
  { name, expects, fallback, description, example }: Setting<unknown>,
  prefix: string,
): string {
  const meaning = example === undefined ? description : `${description} Example: \`${example}\`.`;
  const cells = [`\`${prefix}${name}\``, expects, fallback === undefined ? '' : `\`${fallback}\``, meaning];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
