import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXAMPLE_COLUMNS, RECORD_CODES, type CodeEntry } from '../../../shared/schema/codes.ts';
import { aPlan, judge } from '../../support/judging.ts';

const columns = EXAMPLE_COLUMNS.split(',');
const entries: [string, CodeEntry][] = Object.entries(RECORD_CODES);

describe('each code of a record', () => {
  for (const [code, { example, level }] of entries) {
    if (example === undefined) continue;
    test(`${code} is what its example is at fault for, and nothing else`, () => {
      const found = judge(aPlan(columns), example).filter(
        (finding) => finding !== 'warn MISSING_VALUE Restricted Access Reason',
      );
      assert.equal(found.length, 1);
      assert.match(found[0]!, new RegExp(`^${level} ${code}\\b`));
    });

    test(`${code} can be turned to a warning and off`, () => {
      const plan = aPlan(columns);
      const levelled = (to: 'warn' | 'off'): string[] =>
        judge(
          {
            ...plan,
            levels: { [code]: to },
            fields: plan.fields.map((field) => (code === 'MISSING_VALUE' ? { ...field, empty: to } : field)),
          },
          example,
        ).filter((finding) => finding.includes(code) && !finding.includes('Restricted'));
      assert.equal(levelled('warn').length, 1);
      assert.deepEqual(levelled('off'), []);
    });
  }
});
