import { collectBytes } from '../collectBytes.ts';
import { FieldTable, splitFields } from '../schema/fields.ts';
import { readRecords } from '../export/records.ts';
import type { ChunkBoundary, ExportPlan } from '../export/types.ts';
import { CONTAINERS, quarantineFolder } from '../ledger/model.ts';
import { SERVICE_REFUSED } from '../schema/codes.ts';
import { QUARANTINE_COLUMNS } from '../schema/extraColumns.ts';
import { lineEndAt } from '../schema/rewrite.ts';
import type { Finding } from '../schema/types.ts';
import { RecordValidator } from '../schema/validator.ts';
import type { BlobAddress, BlobStore } from '../storage/blobs.ts';

/** Which records of which chunk are set aside. */
export type QuarantineJob = {
  readonly plan: ExportPlan;
  /** The pinned export. */
  readonly source: BlobAddress;
  readonly chunk: Pick<ChunkBoundary, 'start' | 'end' | 'firstRecord' | 'firstLine'>;
  /**
   * Records that the connector's service refused, by number, with its words ('' where they are not known any more).
   * The words may repeat a patient's data: they go to this file, and until it is written to `staging` ({@link keepWords}).
   */
  readonly serviceRefusals: ReadonlyMap<number, string>;
  readonly target: BlobAddress;
};

const EXTENSIONS = { ',': 'csv', ';': 'csv', '|': 'psv', '\t': 'tsv' } as const;
const MAX_WORDS = 2000;

/** Where the refused records of a chunk lie: `<folder of the export>/<chunk>.<csv|psv|tsv>`. */
export function quarantineAddress(
  exported: Parameters<typeof quarantineFolder>[0],
  chunk: number,
  { dialect }: Pick<ExportPlan, 'dialect'>,
): BlobAddress {
  const file = `${String(chunk).padStart(6, '0')}.${EXTENSIONS[dialect.delimiter]}`;
  return { container: CONTAINERS.quarantine, name: `${quarantineFolder(exported)}/${file}` };
}

/**
 * Write the refused records of a chunk into one blob, which replaces what an earlier try wrote: the header, then each record
 * as it came, with its number, its line and its codes in front. The chunk is read and judged once more, so memory is that of one
 * block however many records are refused; the verdicts are the same, since they depend on the plan alone.
 * Corrected and dropped into `exports/`, the file is an export: the columns in front are known by name and left out.
 * @returns how many records were set aside; with 0 nothing is written
 * @throws {SourceLostError} when the pinned export is gone
 */
export async function writeQuarantine(
  store: Pick<BlobStore, 'read' | 'write'>,
  job: QuarantineJob,
  signal?: AbortSignal,
): Promise<number> {
  const lines = new QuarantineLines(job);
  const content = lines.read(store, signal);
  const first = await content.next();
  if (first.done === true) return 0;
  const headLine = await collectBytes(store.read(job.source, job.plan.head, signal));
  await store.write(job.target, lines.file(headLine, first.value, content), {
    contentType: `text/csv; charset=${job.plan.encoding}`,
    ...(signal && { signal }),
  });
  return lines.count;
}

/** The lines of one quarantine file. */
class QuarantineLines {
  count = 0;
  readonly #job: QuarantineJob;
  readonly #delimiter: string;
  readonly #fields: FieldTable;
  /** Columns of an earlier quarantine that the records already carry in front, to be replaced by the new ones. */
  readonly #stale: number;

  constructor(job: QuarantineJob) {
    const { dialect, output } = job.plan;
    this.#job = job;
    this.#delimiter = dialect.delimiter;
    this.#stale = output.kind === 'rewrite' ? (output.keep[0] ?? 0) : 0;
    this.#fields = new FieldTable(this.#stale + 1);
  }

  /** Header first, then what was read. */
  async *file(
    headLine: Buffer,
    first: Uint8Array,
    rest: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array> {
    const from = this.#afterStale(headLine, 0, headLine.length);
    const names = QUARANTINE_COLUMNS.join(this.#delimiter);
    yield Buffer.concat([
      Buffer.from(names + this.#delimiter),
      headLine.subarray(from),
      Buffer.from(missingLineEnd(headLine)),
    ]);
    yield first;
    yield* rest;
  }

  /** The refused records, a block at a time. */
  async *read(store: Pick<BlobStore, 'read'>, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const { plan, source, chunk, serviceRefusals } = this.#job;
    const validator = new RecordValidator(plan.validation, plan.dialect);
    const bytes = store.read(source, { start: chunk.start, end: chunk.end }, signal);
    const { dialect, maxRecordBytes } = plan;
    let number = chunk.firstRecord;
    for await (const block of readRecords(bytes, {
      dialect,
      maxRecordBytes,
      offset: chunk.start,
      firstLine: chunk.firstLine,
    })) {
      const parts: Uint8Array[] = [];
      let oversize = 0;
      for (let i = 0; i < block.count; i++, number++) {
        const [start, end, line] = [block.starts[i]!, block.ends[i]!, block.lines[i]!];
        if (block.oversize[i] === 1) {
          validator.refuseOversize();
          const range = block.oversizeRanges[oversize++]!;
          const where = `(bytes ${range.start} to ${range.end} of the export)`;
          parts.push(
            this.#front(number, line, `${describe(validator.findings)} ${where}`),
            Buffer.from('\n'),
          );
          continue;
        }
        const goesOut = validator.check(block.bytes, start, end);
        const words = serviceRefusals.get(number);
        if (goesOut && words === undefined) continue;
        const codes = goesOut ? `${SERVICE_REFUSED} ${words ?? ''}` : describe(validator.findings);
        const record = block.bytes.subarray(this.#afterStale(block.bytes, start, end), end);
        const whole = Buffer.concat([record, Buffer.from(missingLineEnd(record))]);
        parts.push(this.#front(number, line, codes), Buffer.from(this.#delimiter), whole);
      }
      if (parts.length > 0) yield Buffer.concat(parts);
    }
  }

  /** The three columns in front, counted; the delimiter behind them is the caller's. */
  #front(number: number, line: number, codes: string): Buffer {
    this.count++;
    return Buffer.from([number, line, this.#plain(codes)].join(this.#delimiter));
  }

  /** Text that needs no quotes in any dialect, and is read alike in UTF-8 and Windows-1252 where it must be. */
  #plain(text: string): string {
    const oneLine = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}"]/gu, ' ').replaceAll(this.#delimiter, ' ');
    const ascii = this.#job.plan.encoding === 'utf-8' ? oneLine : oneLine.replaceAll(/[^ -~]/gu, '?');
    return ascii.slice(0, MAX_WORDS).toWellFormed().trim();
  }

  /** Where the record begins behind the columns of an earlier quarantine; `start` when it has none, or too few fields. */
  #afterStale(bytes: Uint8Array, start: number, end: number): number {
    if (this.#stale === 0) return start;
    const fields = splitFields(bytes, start, end, this.#job.plan.dialect, this.#fields);
    return fields > this.#stale ? this.#fields.rawStart(this.#stale) : start;
  }
}

/** `CODE Field name / CODE`: what is wrong with a record, as the column `codes` says it. Warnings are left out. */
function describe(findings: readonly Finding[]): string {
  return findings
    .filter(({ level }) => level === 'refuse')
    .map(({ code, field }) => (field === undefined ? code : `${code} ${field}`))
    .join(' / ');
}

function missingLineEnd(line: Uint8Array): string {
  return lineEndAt(line, 0, line.length) === line.length ? '\n' : '';
}
