import { ExportRejectedError } from '../../shared/errors.ts';
import { Utf8Watch } from '../../shared/export/encoding.ts';
import { tooManyRecords } from '../../shared/export/limits.ts';
import { readRecords } from '../../shared/export/records.ts';
import type { ExportPlan, RecordBlock, Utf8Census } from '../../shared/export/types.ts';
import type { FindingCounts } from '../../shared/schema/types.ts';
import { RecordValidator } from '../../shared/schema/validator.ts';

/** What the records of an export are worth. */
export type Judgement = {
  readonly records: number;
  readonly refused: number;
  readonly refusals: FindingCounts;
  readonly warnings: FindingCounts;
  /** By refusal, the lines on which the first records at fault begin. */
  readonly lines: Readonly<Record<string, readonly number[]>>;
  readonly census: Utf8Census;
};

/** Lines named for each kind of refusal. */
const LINES_NAMED = 5;

/**
 * Judge every record of an export in one pass.
 * @param content the export from its first byte on
 * @param onBytes called after each buffer with its length
 * @throws {ExportRejectedError} QUOTE_NEVER_CLOSED, TOO_MANY_RECORDS
 */
export async function judgeContent(
  content: AsyncIterable<Uint8Array>,
  plan: ExportPlan,
  maxRecords: number,
  onBytes: (bytes: number) => void,
): Promise<Judgement> {
  const { dialect, maxRecordBytes, firstLine } = plan;
  const watch = new Utf8Watch();
  const tally = new Tally(plan);
  const watched = watchedBy(behind(content, plan.head.end), watch, onBytes);
  for await (const block of readRecords(watched, {
    dialect,
    maxRecordBytes,
    offset: plan.head.end,
    firstLine,
  })) {
    tally.add(block);
    if (tally.records > maxRecords) throw new ExportRejectedError(tooManyRecords(maxRecords));
  }
  watch.end();
  return { ...tally.result(), census: watch.census };
}

/** Counts verdicts, and notes where the first refusals of each kind are. */
class Tally {
  records = 0;
  #refused = 0;
  readonly #validator: RecordValidator;
  readonly #lines = new Map<string, number[]>();

  constructor({ validation, dialect }: ExportPlan) {
    this.#validator = new RecordValidator(validation, dialect);
  }

  add({ bytes, count, starts, ends, lines, oversize }: RecordBlock): void {
    const validator = this.#validator;
    for (let i = 0; i < count; i++) {
      const fine =
        oversize[i] === 1 ? validator.refuseOversize() : validator.check(bytes, starts[i]!, ends[i]!);
      if (!fine) this.#note(lines[i]!);
    }
    this.records += count;
  }

  result(): Omit<Judgement, 'census'> {
    const { refusals, warnings } = this.#validator.counts;
    return {
      records: this.records,
      refused: this.#refused,
      refusals,
      warnings,
      lines: Object.fromEntries(this.#lines),
    };
  }

  #note(line: number): void {
    this.#refused++;
    for (const { code, field, level } of this.#validator.findings) {
      if (level !== 'refuse') continue;
      const key = field === undefined ? code : `${code} ${field}`;
      const known = this.#lines.get(key);
      if (known === undefined) this.#lines.set(key, [line]);
      else if (known.length < LINES_NAMED) known.push(line);
    }
  }
}

/** A stream without its first `skipped` bytes. */
export async function* behind(
  content: AsyncIterable<Uint8Array>,
  skipped: number,
): AsyncGenerator<Uint8Array> {
  let left = skipped;
  for await (const bytes of content) {
    if (bytes.length > left) yield left > 0 ? bytes.subarray(left) : bytes;
    left = Math.max(0, left - bytes.length);
  }
}

async function* watchedBy(
  content: AsyncIterable<Uint8Array>,
  watch: Utf8Watch,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of content) {
    watch.write(bytes);
    yield bytes;
    onBytes(bytes.length);
  }
}
