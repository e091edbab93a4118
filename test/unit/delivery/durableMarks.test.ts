import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHUNK_KIND, fromChunkTableRow } from '../../../shared/ledger/chunkRows.ts';
import { fromPartsTableRow } from '../../../shared/ledger/parts.ts';
import type { ExportShape } from '../../support/deliveryExport.ts';
import { DeliveryWorld } from '../../support/deliveryWorld.ts';
import { judgeWorld } from '../../support/oracle.ts';

const HOUR = 3_600_000;

/** What the table itself holds at this instant: requests marked as begun, and records counted as sent again. */
function durable(world: DeliveryWorld): { marks: number; duplicated: number } {
  let marks = 0;
  let duplicated = 0;
  const rows = world.tables.chunks.rows().map(({ row }) => row);
  const parts = rows.filter(({ kind }) => kind !== CHUNK_KIND);
  for (const row of rows.filter(({ kind }) => kind === CHUNK_KIND)) {
    const { batches, possiblyDuplicated } = fromChunkTableRow(row);
    duplicated += possiblyDuplicated;
    for (const [batch, letter] of Array.from(batches).entries()) {
      const own = parts.find(({ rowKey }) => rowKey === `${row.rowKey}.b${String(batch).padStart(4, '0')}`);
      if (own === undefined) {
        if (letter === 's') marks++;
        continue;
      }
      const value = fromPartsTableRow(own);
      marks += value.parts.filter(({ state }) => state === 's').length;
      if (letter !== 'p') duplicated += value.duplicated;
    }
  }
  return { marks, duplicated };
}

const shapes: Readonly<Record<string, ExportShape>> = {
  'whole batches': { chunks: 2, batches: 6, recordsPerRequest: 8 },
  'batches in parts': { chunks: 2, batches: 3, recordsPerRequest: 24, plan: { maxBodyBytes: 400 } },
  'refused records alone': { chunks: 2, batches: 4, recordsPerRequest: 16, offending: 0.04 },
};

for (const [name, shape] of Object.entries(shapes)) {
  test(`a request begins when its mark, and the count of a resend, are in the table, however slow that is: ${name}`, async () => {
    const wrong: string[] = [];
    let requests = 0;
    const world: DeliveryWorld = new DeliveryWorld({
      seed: 21,
      fault: async ({ port, when }) => {
        const isWrite = port === 'chunks.replace' || port === 'chunks.insert';
        if (isWrite && when === 'before') await world.clock.sleep(300 + 2_000 * world.random());
      },
      service: {
        misbehave: ({ number, inFlight, lines }) => {
          requests++;
          const { marks, duplicated } = durable(world);
          const known = lines.filter((line) => world.service.taken.has(line)).length;
          if (marks < inFlight) wrong.push(`request ${number}: ${marks} marks for ${inFlight} in flight`);
          if (duplicated < known) wrong.push(`request ${number}: ${known} sent again, ${duplicated} counted`);
          return number % 5 === 1 ? { kind: 'silent', taken: true } : undefined;
        },
      },
    });
    await world.export(shape);
    assert.ok(await world.deliver(HOUR));
    assert.deepEqual(await judgeWorld(world), []);
    assert.deepEqual(wrong, []);
    assert.ok(requests > 10);
  });
}
