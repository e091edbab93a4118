import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { auditLines } from '../../../shared/fhir/auditLines.ts';

async function linesOf(pieces: readonly Uint8Array[], maxBytes?: number) {
  const lines: { text: string | undefined; length: number; whole: boolean }[] = [];
  async function* read(): AsyncGenerator<Uint8Array> {
    yield* pieces;
  }
  for await (const { bytes, length, whole } of auditLines(read(), maxBytes))
    lines.push({ text: bytes?.toString('utf8'), length, whole });
  return lines;
}

test('lines are the same however the bytes arrive', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.stringMatching(/^[a-zé\r]{0,9}$/u), { maxLength: 12 }),
      fc.array(fc.nat({ max: 60 }), { maxLength: 10 }),
      fc.boolean(),
      async (texts, cuts, ended) => {
        const all = Buffer.from(texts.join('\n') + (ended ? '\n' : ''));
        const at = [0, ...cuts.filter((cut) => cut < all.length).sort((a, b) => a - b), all.length];
        const pieces = at.slice(1).map((end, index) => all.subarray(at[index], end));
        assert.deepEqual(await linesOf(pieces), await linesOf([all]));
        const read = await linesOf(pieces);
        assert.equal(
          read.reduce((sum, { length }) => sum + length, 0),
          all.length,
        );
        assert.deepEqual(
          read.map(({ text }) => text),
          all
            .toString('utf8')
            .split(/\r?\n/)
            .slice(0, read.length)
            .map((text, index) => (read[index]!.whole ? text : text.replace(/\r$/, ''))),
        );
      },
    ),
  );
});

test('a line past the limit is told by its length, the limit itself is kept', async () => {
  assert.deepEqual(await linesOf([Buffer.from('abcd\nabcde\nab'), Buffer.from('cdef\nx')], 5), [
    { text: 'abcd', length: 5, whole: true },
    { text: undefined, length: 6, whole: true },
    { text: undefined, length: 7, whole: true },
    { text: 'x', length: 1, whole: false },
  ]);
});
