import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { suite, test } from 'node:test';
import {
  AADSTS,
  BREAKS,
  CONNECT_FAULTS,
  CUT,
  EARLY,
  STATUS_CLASSES,
  STATUSES,
  TOKEN_FAILURES,
} from '../../../shared/connector/outcomeTable.ts';
import { MAPPING_REFUSED } from '../../../shared/delivery/mappingGuard.ts';
import { RECORD_CODES, SERVICE_REFUSED } from '../../../shared/schema/codes.ts';
import { PROJECT } from '../../support/cli.ts';
import { readPage } from '../../support/markdown.ts';

/** Where somebody looks a code up that stands on the status page, on the console or in `--json`. */
const FOR_OPERATORS = ['docs/troubleshooting.md', 'docs/validation.md'];

/** Codes of reasons as the sources write them: with the cause right behind; other objects with a `code` are no reasons. */
async function reasonsIn(pattern: string): Promise<Set<string>> {
  const codes = new Set<string>();
  for await (const file of glob(pattern, { cwd: PROJECT })) {
    const text = await readFile(path.join(PROJECT, file), 'utf8');
    for (const [, code = ''] of text.matchAll(/\bcode: '([A-Z][A-Z0-9_]+)',(?=[^}]{0,300}\bcause[:,])/gu))
      codes.add(code);
  }
  return codes;
}

function assertDocumented(codes: Iterable<string>, pages: readonly string[]): void {
  const documented = pages.map(readPage).join('\n');
  const missing = [...codes].filter((code) => !documented.includes(`\`${code}\``));
  assert.deepEqual(missing, [], `none of ${pages.join(', ')} has them`);
}

suite('Every code is found in the documents', () => {
  test('what a request can end with', () => {
    const failures = Object.entries(STATUSES).filter(([, { certainty }]) => certainty !== 'accepted');
    const classes = Object.entries(STATUS_CLASSES).filter(([, { certainty }]) => certainty !== 'accepted');
    assertDocumented(
      [
        ...failures.map(([status]) => `HTTP_${status}`),
        ...classes.map(([digit]) => `HTTP_${digit}xx`),
        ...[{ EARLY }, CUT, CONNECT_FAULTS, BREAKS, TOKEN_FAILURES].flatMap((table) =>
          Object.values(table).map(({ code }) => code),
        ),
        MAPPING_REFUSED,
      ],
      FOR_OPERATORS,
    );
  });

  test('numbers of Entra ID', () => {
    const shown = readPage('docs/troubleshooting.md');
    for (const number of Object.keys(AADSTS)) assert.match(shown, new RegExp(`\\b${number}\\b`, 'u'));
  });

  test('what a record can be found at fault for', () => {
    assertDocumented([...Object.keys(RECORD_CODES), SERVICE_REFUSED], FOR_OPERATORS);
  });

  test('every other reason of the pipeline and of the command line', async () => {
    const fhir = new Set([...(await reasonsIn('shared/fhir/*.ts')), ...(await reasonsIn('local/fhir/*.ts'))]);
    const all = new Set([...(await reasonsIn('shared/**/*.ts')), ...(await reasonsIn('local/**/*.ts'))]);
    assert.ok(all.size > 50);
    assertDocumented(
      [...all].filter((code) => !fhir.has(code)),
      FOR_OPERATORS,
    );
    assertDocumented(fhir, [...FOR_OPERATORS, 'docs/fhir.md']);
  });
});
