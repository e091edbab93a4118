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
    '29.02.2000',
    '2026-11-20T23:59:59',
    '2026-11-20T00:00:00',
    '2026-11-20T08:15:00+14:59',
    '2026-01-31',
    '1990-01-01T00:00:00Z',
    '12/31/2025 12:59 AM',
    '2026-11-20T08:15:00.999999999Z',
    '2026-11-20T08:15:00.9Z',
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
    '0095-11-20',
    '0026-11-20T08:15:00Z',
    '2026-11-20T08:15:00,',
    '20-NO',
    '20-ovd-2026',
    '11/20/2026 8:15 xM',
    '11/20/2026 8:15 An',
    '11/20/2026 8:15 A',
    '11/20/2026 0:15 AM',
    '2026-11-20T08:15:00 +01:00',
    '2026-11-20T08:15:00*01:00',
    '2026-11-20T08:15:00+1',
    '2026-11-20T08:15:00+01:60',
    '2026-00-20',
    '2026-11-00',
    '2026-11-20T08:15:00.12345678901Z',
    '2026-11-20T08-15:00',
    '2026-11-20T08:15:0',
    '2026-11-20T08:15:00.1x3Z',
    '2026-11-20T08:15:00.12:Z',
    '2026-11-20T08:15:00.12/Z',
    '2026-11-20T0a:15:00',
    '2026-11-20T/8:15:00',
    '2026-11-20T:8:15:00',
    '2026-11-20T0/:15:00',
    '2026-11-20T08:1::00',
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

  test('reads each form to the millisecond', () => {
    const at = (...parts: [hour: number, minute?: number, second?: number, ms?: number]): number =>
      Date.UTC(2026, 10, 20, ...parts);
    const cases: [text: string, ms: number][] = [
      ['2026-11-20', at(0)],
      ['2026-11-20T08:15', at(8, 15)],
      ['2026-11-20 23:59:59', at(23, 59, 59)],
      ['2026-11-20T08:15:07', at(8, 15, 7)],
      ['2026-11-20T08:15:07z', at(8, 15, 7)],
      ['2026-11-20T08:15:07.987', at(8, 15, 7, 987)],
      ['2026-11-20T08:15:07.5', at(8, 15, 7, 500)],
      ['2026-11-20T08:15:07,25Z', at(8, 15, 7, 250)],
      ['2026-11-20T08:15:07.1239999Z', at(8, 15, 7, 123)],
      ['2026-11-20T08:15:07.123+00:30', at(7, 45, 7, 123)],
      ['2026-11-20T08:15:07-14:00', at(22, 15, 7)],
      ['20261120T081507.25Z', at(8, 15, 7, 250)],
      ['20.11.2026 8:15:07', at(8, 15, 7)],
      ['11/20/2026 11:15:07 PM', at(23, 15, 7)],
      ['11/20/2026 1:15am', at(1, 15)],
      ['20-nov-2026 1:15', at(1, 15)],
    ];
    for (const [text, ms] of cases) assert.equal(reads(DEFAULT_TIME_FORMATS, text, ms, ms), true, text);
  });

  test('both bounds are within', () => {
    const noon = Date.UTC(2026, 10, 20, 12);
    for (const text of ['2026-11-20T12:00:00Z', '20.11.2026 12:00']) {
      assert.equal(reads(DEFAULT_TIME_FORMATS, text, noon, noon), true);
      assert.equal(reads(DEFAULT_TIME_FORMATS, text, noon + 1, noon + 9), false);
      assert.equal(reads(DEFAULT_TIME_FORMATS, text, noon - 9, noon - 1), false);
    }
  });

  test('every month has its name and its length', () => {
    const names = ['jan', 'FEB', 'Mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
    const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    names.forEach((name, month) => {
      const last = lengths[month]!;
      const ms = Date.UTC(2025, month, last);
      assert.equal(reads(['D-MMM-YYYY'], `${last}-${name}-2025`, ms, ms), true, name);
      assert.equal(isTime(`${last + 1}-${name}-2025`), false, name);
    });
  });

  test('a leap day is one every fourth year, every hundredth not, every four-hundredth', () => {
    const leap = (year: number): boolean => reads(['YYYY-MM-DD'], `${year}-02-29`, -1e14, 1e14);
    assert.deepEqual([1896, 1900, 2000, 2023, 2024, 2100].filter(leap), [1896, 2000, 2024]);
  });

  test('a format of the mapping file is read as it says, and no other way', () => {
    const cases: [format: string, text: string, as: boolean][] = [
      ['YYYY-MM-DD HH:mm', '2026-11-20 08:15', true],
      ['YYYY-MM-DD HH:mm', '2026-11-20 8:15', false],
      ['YYYY-MM-DD HH:mm', '2026-11-20T08:15', false],
      ['YYYY-MM-DDTHH:mm', '2026-11-20 08:15', true],
      ['MM/DD/YYYY', '3/4/2026', false],
      ['M/D/YYYY', '03/04/2026', true],
      ['DD.MM.YY', '20.11.26', true],
      ['DD.MM.YY', '20.11.2026', false],
      ['YYYYMMDDHHmmss.f', '20261120081507.5', true],
      ['YYYYMMDDHHmmss.f', '20261120081507', false],
      ['YYYY-MM-DD hh:mm A', '2026-11-20 08:15 PM', true],
      ['YYYY-MM-DD hh:mm A', '2026-11-20 13:15 PM', false],
      ['YYYY-MM-DDZ', '2026-11-20+01', true],
      ['YYYY-MM-DDZ', '2026-11-20', false],
    ];
    for (const [format, text, as] of cases) assert.equal(isTime(text, [format]), as, `${format} ${text}`);
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
    const first = (year: number): number => Date.UTC(year, 0);
    for (const [text, year] of [
      ['00', 2000],
      ['69', 2069],
      ['70', 1970],
      ['99', 1999],
    ] as const)
      // prettier-ignore
      assert.equal(reads(['DD.MM.YY'], `01.01.${text}`, first(year), first(year)), true, text);
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
    ['YYYYMMDD[ ][-][.][:][/][,]', undefined],
    ['MM-DD', 'it has no year, month and day'],
    ['YYYY-DD', 'it has no year, month and day'],
    ['YY-M-D', undefined],
    ['D MMM YYYY', undefined],
    ['YYYY-mm-DD', 'it has no year, month and day'],
    ['', 'it has no year, month and day'],
    ['YYYY]-MM-DD[', 'its brackets do not match'],
  ] as const)
    test(`${format} is judged`, () => assert.equal(timeFormatFault(format), fault));

  test('the defaults have no fault', () => {
    for (const format of DEFAULT_TIME_FORMATS) assert.equal(timeFormatFault(format), undefined, format);
  });
});
