import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { DEFAULT_TIME_FORMATS, TimeReader } from '../../../shared/schema/time.ts';
import { expandFormat, timeFormatFault } from '../../../shared/schema/timeFormat.ts';

const reads = (formats: readonly string[], text: string, earliest: number, latest: number): boolean => {
  const bytes = Buffer.from(` ${text} `);
  return new TimeReader(formats).within(bytes, 1, bytes.length - 1, earliest, latest);
};
const isTime = (text: string, formats = DEFAULT_TIME_FORMATS): boolean =>
  reads(formats, text, Date.UTC(1990, 0, 1), Date.UTC(2026, 10, 22));

describe('TimeReader', () => {
  for (const text of [
    '2026-11-20T08:15:00Z',
    '2026-11-20T08:15:00.123Z',
    '2026-11-20 08:15:00',
    '2026-11-20T08:15',
    '2026-11-20',
    '2026-11-20T08:15:00+01:00',
    '2026-11-20T08:15:00.1234567-0500',
    '2026-11-20t08:15:00,5z',
    '2026-11-20T08:15Z',
    '11/20/2026 8:15:00 AM',
    '11/20/2026 8:15 PM',
    '11/20/2026 08:15:00PM',
    '1/2/2026 3:04:05\u202fpm',
    '1/2/2026 3:04:05\u00a0pm',
    '20.11.2026 08:15:00',
    '20.11.2026',
    '20/11/2026 08:15',
    '20/11/2026 8:15 am',
    '20-11-2026 08:15:00',
    '20-NOV-2026 08:15:00',
    '2026/11/20 08:15:00',
    '20261120081500',
    '20261120',
    '20261120T081500Z',
    '202611200815+0100',
    '29.02.2024',
  ])
    // prettier-ignore
    test(`reads ${text}`, () => assert.equal(isTime(text), true));

  for (const text of [
    'yesterday',
    '',
    '2026',
    '2026-13-01',
    '2026-11-31',
    '2026-02-29',
    '2026-11-20T24:00:00',
    '2026-11-20T08:60:00',
    '2026-11-20T08:15:60',
    '2026-11-20T08:15:00.',
    '2026-11-20T08:15:00Zjunk',
    '2026-11-20T08:15:00.12aZ',
    '2026-1a-20T08:15:00Z',
    '13/13/2026',
    '11/20/2026 13:15 PM',
    '20-NOX-2026',
    '1989-12-31T23:59:59Z',
    '2026-11-22T00:00:01Z',
    '12:15:00',
    '1763625300',
    '2026-11-20T08:15:00+15:00',
    '0/1/2026',
    '2026-11-20T08:15:00 UTC',
    '31.11.2026',
    '2026-11-20X08:15:00',
  ])
    // prettier-ignore
    test(`refuses ${text}`, () => assert.equal(isTime(text), false));

  test('takes 03/04/2026 for March or April, whichever lies within the bounds', () => {
    const day = (month: number, date: number): number => Date.UTC(2026, month - 1, date);
    assert.equal(reads(DEFAULT_TIME_FORMATS, '03/04/2026', day(3, 4), day(3, 4)), true);
    assert.equal(reads(DEFAULT_TIME_FORMATS, '03/04/2026', day(4, 3), day(4, 3)), true);
    assert.equal(reads(['D/M/YYYY'], '03/04/2026', day(3, 4), day(3, 4)), false);
  });

  test('takes the zone into account', () => {
    const noon = Date.UTC(2026, 10, 20, 12);
    for (const text of ['2026-11-20T14:00:00+02:00', '2026-11-20T06:30:00-0530', '2026-11-20T13:00:00+01'])
      assert.equal(reads(DEFAULT_TIME_FORMATS, text, noon, noon), true, text);
  });

  test('tells midnight from noon', () => {
    const at = (hour: number): number => Date.UTC(2026, 0, 2, hour, 5);
    assert.equal(reads(['M/D/YYYY h:mmA'], '1/2/2026 12:05 AM', at(0), at(0)), true);
    assert.equal(reads(['M/D/YYYY h:mmA'], '1/2/2026 12:05 PM', at(12), at(12)), true);
  });

  test('reads every instant that Date writes, to the millisecond', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
        const ms = date.getTime();
        const text = date.toISOString();
        assert.equal(reads(DEFAULT_TIME_FORMATS, text, ms, ms), true);
        assert.equal(reads(['YYYY-MM-DDTHH:mm:ss.fZ'], text, ms, ms), true);
      }),
    );
  });

  test('one reader judges a value alike whatever it read before', () => {
    const texts = ['2026-11-20T08:15:00Z', '20.11.2026', '2026-02-30T08:15:00Z', '11/20/2026 8:15 AM', 'x'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...texts)), (order) => {
        const reader = new TimeReader(DEFAULT_TIME_FORMATS);
        for (const text of order) {
          const bytes = Buffer.from(text);
          assert.equal(reader.within(bytes, 0, bytes.length, 0, Date.UTC(2030, 0)), isTime(text), text);
        }
      }),
    );
  });

  test('two-digit years lie between 1970 and 2069', () => {
    assert.equal(isTime('20-NOV-26', ['DD-MMM-YY']), true);
    assert.equal(isTime('20-NOV-70', ['DD-MMM-YY']), false);
  });
});

describe('time formats', () => {
  test('optional parts stand for formats with and without them', () => {
    assert.deepEqual(expandFormat('D[ H[:mm]]'), ['D H:mm', 'D', 'D H']);
  });

  for (const [format, fault] of [
    ['YYYY-MM-DD[', 'its brackets do not match'],
    ['YYYY-MM-DD]', 'its brackets do not match'],
    ['YYYY-MM', 'it has no year, month and day'],
    ['HH:mm', 'it has no year, month and day'],
    ['YYYY-MM-DD hrs', 'it holds a part that is not known'],
    ['YYYY-MM-DDé', 'it holds a part that is not known'],
    [`YYYYMMDD${'[ ]'.repeat(70)}`, 'it has too many optional parts'],
    ['YYYYMMDD[a]', 'it holds a part that is not known'],
    ['YYYYMMDD[ ][-][.][:][/][,][_]', 'it has too many optional parts'],
  ] as const)
    test(`${format} is judged`, () => assert.equal(timeFormatFault(format), fault));

  test('the defaults have no fault', () => {
    for (const format of DEFAULT_TIME_FORMATS) assert.equal(timeFormatFault(format), undefined, format);
  });
});
