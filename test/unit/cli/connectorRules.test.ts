import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { requireRules } from '../../../local/cli/connectorRules.ts';
import { UsageError } from '../../../local/cli/usageError.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'rules-'));
const file = async (name: string, text: string): Promise<string> => {
  await writeFile(path.join(folder, name), text);
  return path.join(folder, name);
};

test('a file named goes before the setting, the setting before no mapping at all', async () => {
  const named = await file('named.json', '{"columns":{"Patient City":"Ort"}}');
  const set = { CONNECTOR_CLINIC_MAPPING: '{"rename":true}' };
  assert.deepEqual((await requireRules('clinic', named, set)).mapping, { columns: { 'Patient City': 'Ort' } }); // prettier-ignore
  assert.deepEqual((await requireRules('clinic', undefined, set)).mapping, { rename: true });
  assert.deepEqual((await requireRules('clinic', undefined, {})).mapping, {});
});

test('a fault names the file, or the setting, that it stands in', async () => {
  const broken = await file('broken.json', '{');
  const missing = path.join(folder, 'missing.json');
  const schema = { CONNECTOR_CLINIC_SCHEMA: 'none' };
  for (const [named, env, words] of [
    [broken, {}, `${broken} cannot be used: it is not JSON.`],
    [missing, {}, `${missing} cannot be used: it is not there.`],
    [undefined, { CONNECTOR_CLINIC_MAPPING: broken }, `${broken} cannot be used: it is not JSON.`],
    [
      undefined,
      { CONNECTOR_CLINIC_MAPPING: '{]' },
      'The setting CONNECTOR_CLINIC_MAPPING cannot be used: it is not JSON.',
    ],
    [undefined, schema, 'There is no schema "none" for the connector "clinic".'],
  ] as const)
    // prettier-ignore
    await assert.rejects(
      requireRules('clinic', named, env),
      (error) => error instanceof UsageError && error.message.includes(words),
    );
});
