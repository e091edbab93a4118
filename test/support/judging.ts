import assert from 'node:assert/strict';
import type { Dialect } from '../../shared/export/types.ts';
import { resolveMapping, type ResolvedMapping } from '../../shared/schema/mapping.ts';
import type { MappingFile } from '../../shared/schema/mappingFile.ts';
import { planValidation } from '../../shared/schema/planning.ts';
import type { ConnectorSchema } from '../../shared/schema/schema.ts';
import { loadSchema } from '../../shared/schema/schemas.ts';
import type { ValidationPlan } from '../../shared/schema/types.ts';
import { RecordValidator } from '../../shared/schema/validator.ts';

export const COMMA: Dialect = { delimiter: ',', quote: '"' };
export const ARRIVED_AT = Date.UTC(2026, 10, 21, 6);

const found = await loadSchema('healthcare');
assert.ok(found);
export const healthcare: ConnectorSchema = found;

/** The mapping of a header that has no faults. */
export function mapped(columns: readonly string[], mapping: MappingFile = {}): ResolvedMapping {
  const outcome = resolveMapping(healthcare, columns, mapping);
  assert.ok('mapping' in outcome, JSON.stringify(outcome));
  return outcome.mapping;
}

/** How exports with these columns are judged. */
export function aPlan(columns: readonly string[], mapping: MappingFile = {}): ValidationPlan {
  return planValidation(mapped(columns, mapping), mapping, ARRIVED_AT, true);
}

/** Judge one record, each character of which is a byte; what is found as `level CODE field`. */
export function judge(plan: ValidationPlan, record: string, dialect: Dialect = COMMA): string[] {
  const validator = new RecordValidator(plan, dialect);
  const bytes = Buffer.from(record, 'latin1');
  const goesOut = validator.check(bytes, 0, bytes.length);
  const found = validator.findings.map(({ level, code, field }) =>
    [level, code, field].filter(Boolean).join(' '),
  );
  assert.equal(goesOut, !found.some((finding) => finding.startsWith('refuse')));
  return found;
}
