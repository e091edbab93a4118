import { appSettings } from './config.ts';
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

/** The reference of all settings, as Markdown. */
export function renderReference(): string {
  return [
    '# Configuration',
    '',
    '<!-- Generated from shared/config by `node local/build/docs.ts`; edit the tables there. -->',
    '',
    'Settings are environment variables: app settings in Azure, `Values` of `local.settings.json` on one machine. They are read once at start and checked all together; the app does not start with a wrong one and says which it is and what to do. An empty value counts as not given. Values of secrets appear in no message.',
    '',
    'Two further rules: the app does not start while `NODE_TLS_REJECT_UNAUTHORIZED=0` is set, and `CHUNK_RECORDS` may be at most 1,000 times `RECORDS_PER_REQUEST`.',
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
