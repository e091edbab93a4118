import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvLine, neutraliseFormula } from '../../../shared/report/spreadsheet.ts';

test('what a spreadsheet would run is shown instead', () => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx'])
    assert.equal(neutraliseFormula(text), `'${text}`);
  for (const text of ['', 'a=b', '1', ' =1']) assert.equal(neutraliseFormula(text), text);
});

test('cells are quoted where they must be, and numbers stay numbers', () => {
  assert.equal(csvLine(['a,b', 'c"d', '=x', -5, 'e\nf', 'g']), '"a,b","c""d",\'=x,-5,"e\nf",g\r\n');
});
