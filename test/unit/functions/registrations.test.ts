import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { FunctionMetadata } from '../../../local/host/coreTypes.ts';
import { PROJECT } from '../../support/cli.ts';

/** The functions that are registered with these settings, by name, each with its trigger. */
async function registered(settings: Record<string, string>): Promise<Map<string, Record<string, unknown>>> {
  const script = path.join(PROJECT, 'test', 'support', 'printFunctions.ts');
  const env = { ...process.env, ...settings };
  const { stdout } = await promisify(execFile)(process.execPath, [script], { env });
  const functions = JSON.parse(stdout) as FunctionMetadata[];
  return new Map(
    functions.map(({ name, bindings }) => [
      name,
      Object.values(bindings).find(({ direction }) => direction === 'in') ?? {},
    ]),
  );
}

test('a setting that is empty or blank counts as not given, in a trigger too', async () => {
  const functions = await registered({
    SWEEP_SCHEDULE: '',
    REPORT_SCHEDULE: ' ',
    EVENT_SOURCE: '',
    FHIR_URL: ' ',
  });
  assert.equal(functions.get('sweepLedger')?.['schedule'], '0 * * * * *');
  assert.equal(functions.get('reportDailyStatus')?.['schedule'], '0 5 * * * *');
  assert.equal(functions.get('splitExport')?.['source'], 'EventGrid');
  assert.ok(!functions.has('collectFhirAudit') && !functions.has('receiveBlobEvent'));
});

test('what is given is trimmed and holds for the triggers', async () => {
  const functions = await registered({
    SWEEP_SCHEDULE: ' */5 * * * * * ',
    REPORT_SCHEDULE: '0 0 7 * * *',
    EVENT_SOURCE: ' queue ',
    FHIR_URL: 'https://ehr.example/',
    FHIR_SCHEDULE: '0 30 * * * *',
  });
  assert.equal(functions.get('sweepLedger')?.['schedule'], '*/5 * * * * *');
  assert.equal(functions.get('reportDailyStatus')?.['schedule'], '0 0 7 * * *');
  assert.equal(functions.get('collectFhirAudit')?.['schedule'], '0 30 * * * *');
  assert.equal(functions.get('receiveBlobEvent')?.['queueName'], 'blob-events');
  assert.ok(!functions.has('splitExport'));
});

test('locally the blob trigger looks by itself', async () => {
  const functions = await registered({ EVENT_SOURCE: 'polling' });
  assert.equal(functions.get('splitExport')?.['source'], undefined);
});

test('storage that is none keeps the app from starting', async () => {
  await assert.rejects(
    registered({
      ExportStorage: '',
      ExportStorage__blobServiceUri: 'https://evil.example',
      ExportStorage__queueServiceUri: 'https://hospital.queue.core.windows.net',
      ExportStorage__tableServiceUri: 'https://hospital.table.core.windows.net',
    }),
    /ExportStorage__blobServiceUri: is not the https address/u,
  );
});

test('a mapping that cannot be used keeps the app from starting, named with all that is wrong beside it', async () => {
  const starting = registered({
    CONNECTORS: 'healthcare,clinic,lab',
    CONNECTOR_HEALTHCARE_MAPPING: 'no/such/file.json',
    CONNECTOR_CLINIC_MAPPING: '{"columns": {"No Such Field": "x"}}',
    CONNECTOR_LAB_SCHEMA: 'no-such-schema',
    CHUNK_RECORDS: 'many',
  });
  const { stderr } = await starting.then(
    () => assert.fail('it started'),
    (error: unknown) => error as { stderr: string },
  );
  for (const words of [
    /no\/such\/file\.json cannot be used: it is not there/u,
    /CONNECTOR_CLINIC_MAPPING cannot be used: "columns" names the field "No Such Field"/u,
    /There is no schema "no-such-schema" for the connector "lab"/u,
    /CHUNK_RECORDS: expected/u,
    /CONNECTOR_CLINIC_JOB_ID: is missing/u,
  ]) {
    assert.match(stderr, words);
  }
});

test('a mapping that can be used, in the setting, lets the app start', async () => {
  const functions = await registered({ CONNECTOR_HEALTHCARE_MAPPING: '{"rename": true}' });
  assert.ok(functions.has('pushChunk'));
});
