import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormError, readForm } from '../../../local/simulator/multipart.ts';
import { multipartFrame } from '../../../shared/connector/frame.ts';

const { contentType, head, tail } = multipartFrame('b0undary');
const records = Buffer.from('a,b\r\n1,"--b0undary"\r\n');

test('takes the part out of the form that the client makes, byte for byte', () => {
  assert.ok(readForm(contentType, Buffer.concat([head, records, tail])).equals(records));
  assert.equal(readForm(contentType, Buffer.concat([head, tail])).length, 0);
});

for (const [what, type, body] of [
  ['no content type', undefined, Buffer.concat([head, records, tail])],
  ['another type', 'text/csv', records],
  ['no boundary at the start', contentType, Buffer.concat([records, tail])],
  ['no end', contentType, Buffer.concat([head, records])],
  ['half an end', contentType, Buffer.concat([head, records, tail.subarray(0, -5)])],
  ['two parts', contentType, Buffer.concat([head, records, Buffer.from('\r\n'), head, records, tail])],
  [
    'another name',
    contentType,
    Buffer.from(Buffer.concat([head, records, tail]).toString().replace('name="file"', 'name="data"')),
  ],
  [
    'no file name',
    contentType,
    Buffer.from(Buffer.concat([head, records, tail]).toString().replace('; filename="records.txt"', '')),
  ],
] as const) {
  test(`refuses a form with ${what}`, () => assert.throws(() => readForm(type, body), FormError));
}
