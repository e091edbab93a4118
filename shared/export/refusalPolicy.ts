import { ExportRejectedError } from '../errors.ts';
import type { FindingCounts } from '../schema/types.ts';
import { RecordValidator } from '../schema/validator.ts';
import { readRecords } from './records.ts';
import type { ExportPlan, RefusalPolicy } from './types.ts';

/** Records at the beginning by which the ceiling on refused ones is judged. */
const SAMPLE_RECORDS = 100_000;
/** So many kinds of findings are named in a reason. */
const NAMED_FINDINGS = 5;

/**
 * Judge an export as a whole by its refused records, before anything of it is queued: too many among the first 100,000 are a wrong
 * mapping and not bad data; under `refuseExport` the first one is enough, and every record is looked at.
 * @param source the pinned bytes from `plan.head.end` on
 * @throws {ExportRejectedError} TOO_MANY_REFUSED, RECORD_REFUSED
 */
export async function judgeRefusals(
  source: AsyncIterable<Uint8Array>,
  plan: ExportPlan,
  policy: RefusalPolicy,
): Promise<void> {
  const all = policy.onRefused === 'refuseExport';
  const limit = all ? Number.POSITIVE_INFINITY : SAMPLE_RECORDS;
  const { dialect, maxRecordBytes, firstLine } = plan;
  const validator = new RecordValidator(plan.validation, dialect);
  const options = { dialect, maxRecordBytes, offset: plan.head.end, firstLine };
  let records = 0;
  let refused = 0;
  for await (const block of readRecords(source, options)) {
    const { bytes, starts, ends, oversize } = block;
    for (let i = 0; i < block.count && records < limit; i++) {
      records++;
      const fine =
        oversize[i] === 1 ? validator.refuseOversize() : validator.check(bytes, starts[i]!, ends[i]!);
      if (fine) continue;
      refused++;
      if (all) throw recordRefused(block.lines[i]!, validator.counts.refusals);
    }
    if (records === limit) break;
  }
  if (refused > records * policy.refusedShareCeiling) {
    throw tooManyRefused(refused, records, policy.refusedShareCeiling, validator.counts.refusals);
  }
}

const namesOf = (findings: FindingCounts): string =>
  Object.entries(findings)
    .sort(([, a], [, b]) => b - a)
    .slice(0, NAMED_FINDINGS)
    .map(([finding, count]) => `${finding} (${count})`)
    .join(', ');

function recordRefused(line: number, findings: FindingCounts): ExportRejectedError {
  return new ExportRejectedError({
    code: 'RECORD_REFUSED',
    line,
    cause: `The record on line ${line} cannot be sent: ${namesOf(findings)}; the mapping's policy is to refuse the whole export then.`,
    cure: 'Correct the record and upload the export again, or set the policy to refuseRecords to send the others.',
  });
}

function tooManyRefused(
  refused: number,
  records: number,
  ceiling: number,
  findings: FindingCounts,
): ExportRejectedError {
  return new ExportRejectedError({
    code: 'TOO_MANY_REFUSED',
    cause: `${refused} of the first ${records} records cannot be sent, more than ${Number((ceiling * 100).toFixed(2))} %: ${namesOf(findings)}.`,
    cure: 'Check the mapping of the columns with "npm run check", or raise refusedShareCeiling in the mapping file if the records are like that.',
  });
}
