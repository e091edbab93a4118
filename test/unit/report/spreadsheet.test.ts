import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvLine, neutraliseFormula } from '../../../shared/report/spreadsheet.ts';

test('what a spreadsheet would run is shown instead', () => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', ' =1', '"=1'])
    assert.equal(neutraliseFormula(text), `'${text}`);
  for (const text of ['', 'a=b', '1', '2026-11-21', 'a;b=c', "'=1"])
    assert.equal(neutraliseFormula(text), text);
});

test('so is what Excel would run where it splits cells at semicolons', () => {
  assert.equal(neutraliseFormula('x;=HYPERLINK("a")'), `x;'=HYPERLINK("a")`);
  assert.equal(csvLine(['x;"=1"; -2;;+3']), `"x;'""=1"";' -2;;'+3"\r\n`);
});

test('what would act unseen is seen', () => {
  assert.equal(neutraliseFormula('\t=1'), '\uFFFD=1');
  assert.equal(
    csvLine(['\u001B[31m', 'a\u202Eb', 'c\r\nd', '\u2028']),
    '\uFFFD[31m,a\uFFFDb,c\uFFFD d,\uFFFD\r\n',
  );
});

test('cells are quoted where they must be, and numbers stay numbers', () => {
  assert.equal(csvLine(['a,b', 'c"d', '=x', -5, 'e\nf', 'g']), '"a,b","c""d",\'=x,-5,e f,g\r\n');
});
