import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import schema from '../../../shared/report/status.schema.json' with { type: 'json' };
import { eventfulMonth } from '../../support/statusWorld.ts';

const validate = new Ajv({ allErrors: true, strict: true, strictTypes: false }).compile(schema);

test('every status that is written keeps to its schema, whatever the day held', async () => {
  const world = await eventfulMonth();
  await world.addExport({
    exportId: 'a'.repeat(32),
    connector: '',
    blobName: 'stray.csv',
    state: 'rejected',
    reasons: [{ code: 'NO_CONNECTOR_FOLDER', cause: 'It lies in no folder.', cure: 'Move it.' }],
    arrivedAt: '2026-11-22T06:00:00.000Z',
  });
  let statuses = 0;
  for (const container of ['status', 'status-archive']) {
    for await (const { name } of world.blobs.list(container)) {
      if (!name.endsWith('.json')) continue;
      statuses += 1;
      const status: unknown = JSON.parse(await world.readStatus(name, container));
      assert.ok(validate(status), `${name}: ${JSON.stringify(validate.errors)}`);
    }
  }
  assert.ok(statuses > 60);
});
