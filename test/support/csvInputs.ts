import * as fc from 'fast-check';
import type { Dialect } from '../../shared/export/types.ts';

const dialects = fc.constantFrom<Dialect>(
  { delimiter: ',', quote: '"' },
  { delimiter: '|', quote: '"' },
  { delimiter: '\t', quote: '"' },
  { delimiter: ';', quote: '"' },
  { delimiter: '\t', quote: null },
  { delimiter: ',', quote: null },
);

/** Pieces that, put together at random, meet every state in every order; `D` stands for the delimiter. */
// prettier-ignore
const PIECES = [
  'D', 'D', '"', '"', '"', '""', '\n', '\n', '\r\n', '\r', 'a', 'bc', ' ', '\0', '\t', ',', '\x7f', '\xc3\xa9', '\xe9', '\xef\xbb\xbf',
  '"D', 'D"', '"\n', '"\r\n', '"\r', '"\r"', '"a\nb"', '"aD"', '"a""b"D', '\n\n', '\r\r\n', '""\n', 'D\n', '"\0', '"x"y', 'z'.repeat(30),
];
const soup = fc.array(fc.constantFrom(...PIECES), { maxLength: 24 }).map((pieces) => pieces.join(''));

/** Records as a well-behaved writer makes them, every field quoted or not, with any line end. */
const value = fc.array(fc.constantFrom('a', 'b c', '"', 'D', '\n', '\r\n', '', '\xc3\xa9'), { maxLength: 4 });
const writtenField = fc.oneof(
  value.map((parts) => `"${parts.join('').replaceAll('"', '""')}"`),
  fc.constantFrom('', 'a', '2026-11-21', 'x'.repeat(28), 'it"s'),
);
const writtenRecord = fc
  .tuple(fc.array(writtenField, { minLength: 1, maxLength: 5 }), fc.constantFrom('\n', '\r\n', '\n\n', ''))
  .map(([fields, lineEnd]) => fields.join('D') + lineEnd);
const written = fc.array(writtenRecord, { maxLength: 6 }).map((records) => records.join(''));
/** … and what a broken transfer leaves of them: a few bytes taken out. */
const torn = fc
  .tuple(written, fc.array(fc.nat(200), { maxLength: 3 }))
  .map(([text, holes]) => holes.reduce((rest, at) => rest.slice(0, at) + rest.slice(at + 1), text));

/** Delimited texts of every kind, and how they may be cut into buffers, chunks and blocks. `D` in a text stands for the delimiter. */
export const csvInputs = fc.record({
  dialect: dialects,
  text: fc.oneof(soup, written, torn),
  cuts: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }),
  chunkRecords: fc.integer({ min: 1, max: 4 }),
  blockBytes: fc.integer({ min: 1, max: 64 }),
  maxRecordBytes: fc.oneof(fc.constant(1000), fc.integer({ min: 1, max: 40 })),
});

/** Cut into buffers of the given sizes, over and over; each is spoilt once the next is asked for, as a pool would. */
export function* buffers(bytes: Buffer, cuts: readonly number[]): Generator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = cuts[i % cuts.length]!;
    const buffer = Buffer.from(bytes.subarray(at, at + size));
    yield buffer;
    buffer.fill('"');
    at += size;
  }
}
