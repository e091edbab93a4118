import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { BATCH_LETTERS } from '../../../shared/ledger/model.ts';
import { outcomeLines } from '../../support/outcomeLines.ts';

const doc = await readFile(new URL('../../../docs/delivery.md', import.meta.url), 'utf8');
const cells = (line: string): string =>
  line
    .split('|')
    .map((cell) => cell.trim())
    .join('|');

test('docs/delivery.md shows the table of outcomes as it is', () => {
  const shown = new Set(doc.split('\n').map(cells));
  for (const line of outcomeLines()) assert.ok(shown.has(cells(line)), `missing: ${line}`);
});

test('docs/delivery.md explains every state of a batch', () => {
  for (const letter of Object.values(BATCH_LETTERS))
    assert.match(doc, new RegExp(`\\| \`${letter}\` +\\|`, 'u'));
});
