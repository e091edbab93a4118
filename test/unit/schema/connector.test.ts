import assert from 'node:assert/strict';
import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import reference from '../../../mappings/mapping.schema.json' with { type: 'json' };
import { RECORD_FIELDS } from '../../../shared/fhir/recordFields.ts';
import { RECORD_CODES } from '../../../shared/schema/codes.ts';
import { loadRules, parseMapping } from '../../../shared/schema/connector.ts';
import { normaliseName } from '../../../shared/schema/mapping.ts';
import { loadSchema } from '../../../shared/schema/schemas.ts';

const SCHEMAS = path.join(import.meta.dirname, '../../../shared/schema/schemas');

describe('schemas', () => {
  test('every file fits its JSON Schema, and no name means two fields', async () => {
    for (const file of await readdir(SCHEMAS)) {
      const schema = await loadSchema(path.basename(file, '.json'));
      assert.ok(schema, file);
      assert.equal(`${schema.connector}.json`, file);
      const names = schema.fields.flatMap(({ name, synonyms = [] }) => [
        ...new Set([name, ...synonyms].map(normaliseName)),
      ]);
      assert.deepEqual(names.filter((name, i) => names.indexOf(name) !== i), []); // prettier-ignore
    }
  });

  test('the fields that FHIR records are typed by are those of the schema', async () => {
    const schema = await loadSchema('healthcare');
    assert.deepEqual(RECORD_FIELDS, schema?.fields.map(({ name }) => name)); // prettier-ignore
  });

  test('one that cannot be read is a fault, and not missing', async () => {
    const hooks = registerHooks({
      resolve: (name, context, next) =>
        /(?:broken|unread)\.json$/u.test(name)
          ? { url: `file:///${name}`, importAttributes: { type: 'json' }, shortCircuit: true }
          : next(name, context),
      load: (url, context, next) => {
        if (url.endsWith('unread.json'))
          throw Object.assign(new Error('Too many files.'), { code: 'EMFILE' });
        if (url.endsWith('broken.json')) return { format: 'json', source: '{', shortCircuit: true };
        return next(url, context);
      },
    });
    await assert.rejects(loadSchema('unread'), { code: 'EMFILE' });
    await assert.rejects(loadSchema('broken'), SyntaxError);
    hooks.deregister();
  });

  test('a name that is none, or leads elsewhere, has no schema', async () => {
    for (const name of ['nothing', '../schema.schema', '', 'a/b'])
      assert.equal(await loadSchema(name), undefined);
  });
});

describe('mapping files', () => {
  const HERE = { where: 'here.json', schema: 'healthcare' };
  const fault = async (text: string): Promise<string> => {
    const error = await parseMapping(text, HERE).then(() => undefined, String);
    return error ?? 'none';
  };

  for (const [text, words] of [
    ['{', /is not JSON/],
    ['[]', /the file must be object/],
    ['{"colums":{}}', /the file has the property "colums", which is not known/],
    ['{"columns":{"City":"Ort"}}', /"columns" names the field "City", which the schema does not have/],
    ['{"columns":{"Patient City":1}}', /"columns → Patient City" must be string,null/],
    ['{"columns":{"Patient City":null}}', /"columns" leaves out "Patient City", which is mandatory/],
    ['{"levels":{"BAD_TIM":"warn"}}', /"levels" has the property "BAD_TIM"; known are/],
    ['{"levels":{"BAD_TIME":{"Patient Ctiy":"warn"}}}', /"levels → BAD_TIME" names the field "Patient Ctiy"/],
    ['{"levels":{"BAD_TIME":"loud"}}', /"levels → BAD_TIME" must be one of "refuse", "warn", "off"/],
    ['{"emptyValue":{"Ctiy":"warn"}}', /"emptyValue" names the field "Ctiy"/],
    [
      '{"timeFormats":["YYYY-MM"]}',
      /"timeFormats" has "YYYY-MM", which cannot be used: it has no year, month and day/,
    ],
    ['{"policy":"refuse"}', /"policy" must be one of "refuseRecords", "refuseExport"/],
    ['{"refusedShareCeiling":20}', /"refusedShareCeiling" must be <= 1/],
    ['{"schema":"none"}', /there is no schema "none"/],
  ] as const)
    test(`${text} is refused in words`, async () => {
      const found = await fault(text);
      assert.match(found, /BAD_MAPPING: here\.json cannot be used: /);
      assert.match(found, words);
    });

  test('all faults are told at once', async () => {
    assert.match(await fault('{"policy":"x","encoding":"y"}'), /"policy".*"encoding"/);
  });

  test('a full one is taken, byte order mark or not', async () => {
    const mapping = {
      $schema: './mapping.schema.json',
      columns: { 'Patient City': 'Ort', 'Patient State': null },
      rename: true,
      levels: { BAD_EMAIL: 'warn', TOO_LONG: { 'Patient City': 'off' } },
      emptyValue: { 'Patient City': 'warn' },
      timeFormats: ['D.M.YYYY H:mm'],
      policy: 'refuseExport',
      refusedShareCeiling: 0.5,
      encoding: 'windows-1252',
      delimiter: ';',
      quoting: 'none',
    };
    const rules = await parseMapping(`\uFEFF${JSON.stringify(mapping)}`, HERE);
    assert.deepEqual(rules.mapping, mapping);
  });

  test('the levels that can be set are those of the codes that have one', () => {
    const settable = Object.keys(RECORD_CODES).filter(
      (code) => !['RECORD_TOO_LONG', 'MISSING_VALUE'].includes(code),
    );
    assert.deepEqual(reference.properties.levels.propertyNames.enum, settable);
  });

  test('a connector has the file of its name, else the schema alone; the file decides which, else the setting', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'mappings-'));
    await writeFile(path.join(folder, 'west.json'), '{"schema":"healthcare","rename":true}');
    await writeFile(path.join(folder, 'east.json'), '{"rename":true}');
    await writeFile(path.join(folder, 'broken.json'), '{"schema":');
    assert.equal((await loadRules('west', folder, 'none')).mapping.rename, true);
    const east = await loadRules('east', folder, 'healthcare');
    assert.deepEqual([east.schema.connector, east.mapping.rename], ['healthcare', true]);
    assert.deepEqual((await loadRules('north', folder, 'healthcare')).mapping, {});
    assert.deepEqual((await loadRules('../west', folder, 'healthcare')).mapping, {});
    const faults: [connector: string, schema: string, words: RegExp][] = [
      ['broken', 'healthcare', /\/broken\.json cannot be used: it is not JSON/],
      ['east', 'none', /\/east\.json cannot be used: there is no schema "none"/],
      ['healthcare', 'none', /There is no schema "none" for the connector "healthcare"/],
    ];
    for (const [connector, schema, words] of faults)
      await assert.rejects(loadRules(connector, folder, schema), words);
  });
});
