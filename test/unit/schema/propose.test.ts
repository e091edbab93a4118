import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proposeMapping } from '../../../shared/schema/propose.ts';
import { healthcare } from '../../support/judging.ts';

const propose = (columns: string[], records: string[][] = []): Record<string, [string, number]> =>
  Object.fromEntries(
    proposeMapping(healthcare, columns, records).flatMap(({ field, column, confidence }) =>
      column === undefined ? [] : [[field.name, [columns[column]!, confidence]]],
    ),
  );

test('the nearer the name, the surer the proposal', () => {
  const found = propose(['Creation Time', 'event_name', 'PAT_ID', 'Name of the Patient, First']);
  assert.equal(found['Creation Time']?.[1], 1);
  assert.ok(found['Event Name']![1] < 1 && found['Event Name']![1] > found['Patient Reg Id']![1]);
  assert.ok(found['Patient Reg Id']![1] > found['Patient First Name']![1]);
});

test('values speak where names do not', () => {
  const records = [['x', '20.11.2026 08:15', 'ann@example.org'], ['y', '21.11.2026', 'bob@example.org']]; // prettier-ignore
  const found = propose(['a', 'b', 'c'], records);
  assert.equal(found['Creation Time']?.[0], 'b');
  assert.equal(found['Email Address (UPN)']?.[0], 'c');
});

test('values speak against a name that promises a time', () => {
  const found = propose(['Event Time', 'when'], [['View', '2026-11-20'], ['Print', '2026-11-20']]); // prettier-ignore
  assert.equal(found['Creation Time']?.[0], 'when');
});

test('no column is proposed twice, none for nothing', () => {
  const columns = ['city', 'Patient City', 'zzz'];
  const found = propose(columns);
  assert.equal(found['Patient City']?.[0], 'Patient City');
  const used = Object.values(found).map(([column]) => column);
  assert.equal(new Set(used).size, used.length);
  assert.ok(!used.includes('zzz'));
});
