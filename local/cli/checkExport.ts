import { open, type FileHandle } from 'node:fs/promises';
import { ExportRejectedError, formatReason, type Reason } from '../../shared/errors.ts';
import { decideEncoding, forcedEncoding } from '../../shared/export/encoding.ts';
import { HEAD_BYTES } from '../../shared/export/head.ts';
import { planExport, type PlannedExport } from '../../shared/export/plan.ts';
import { DEFAULT_SPLIT_SETTINGS, type SplitSettings } from '../../shared/export/services.ts';
import { tooLarge } from '../../shared/export/limits.ts';
import { NO_RECORDS } from '../../shared/export/noRecords.ts';
import type { ExportPlan, PinnedEncoding } from '../../shared/export/types.ts';
import { judgeRefusals } from '../../shared/export/refusalPolicy.ts';
import type { ExportRules } from '../../shared/schema/connector.ts';
import type { FindingCounts } from '../../shared/schema/types.ts';
import { exportFile, firstBytes } from './exportFile.ts';
import { behind, judgeContent, type Judgement } from './judgeContent.ts';

/** What `npm run check` found of one file; an entry of `exports` with `--json`. Holds column names, never a value. */
export type CheckResult = {
  readonly name: string;
  /** State in which the export would end, were the connector to take every record. */
  readonly state: 'completed' | 'completedWithRefusals' | 'rejected';
  /** Bytes of the file. */
  readonly bytes: number;
  readonly records: number;
  readonly accepted: number;
  readonly quarantined: number;
  readonly refusals: FindingCounts;
  readonly warnings: FindingCounts;
  /** By refusal, the lines on which the first records at fault begin. */
  readonly lines: Readonly<Record<string, readonly number[]>>;
  readonly format?: {
    readonly packing: string;
    readonly delimiter: string;
    readonly quoting: 'double' | 'none';
    readonly encoding: PinnedEncoding;
  };
  readonly mapping: readonly { readonly field: string; readonly column: string; readonly how: string }[];
  /** Requests that sending it takes. */
  readonly requests: number;
  /** CODE, line, cause and cure, one string each: why it is rejected, else what is odd about it. */
  readonly reasons: readonly string[];
  /** How long checking took. */
  readonly seconds: number;
};

/** Settings of the split that a verdict depends on. */
export type CheckLimits = Pick<
  SplitSettings,
  | 'chunkRecords'
  | 'recordsPerRequest'
  | 'maxBodyBytes'
  | 'maxRecordBytes'
  | 'maxExportBytes'
  | 'maxExportRecords'
>;

export type CheckOptions = {
  readonly rules: ExportRules;
  readonly limits: CheckLimits;
  /** When it is to be taken to arrive, UTC ms: later times of a record than a day after that are refused. */
  readonly arrivedAt: number;
  /** Called after each buffer with its length, bytes as they are unpacked. */
  readonly onProgress: (bytes: number) => void;
};

/**
 * Judge a file as the split would, by the same functions, without sending anything: one pass over all of it, a
 * second one for Windows-1252. Memory stays the same for any size.
 * @throws what the file system is at fault for
 */
export async function checkExport(file: string, name: string, options: CheckOptions): Promise<CheckResult> {
  const began = performance.now();
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const found = await judge(handle, { name, bytes: size }, options);
    return { name, bytes: size, ...found, seconds: secondsSince(began) };
  } catch (error) {
    if (!(error instanceof ExportRejectedError)) throw error;
    const { size } = await handle.stat();
    return { ...rejected(name, error.reasons), bytes: size, seconds: secondsSince(began) };
  } finally {
    await handle.close();
  }
}

/** A file of which nothing would be sent. */
export function rejected(name: string, reasons: readonly Reason[]): CheckResult {
  const nothing = { bytes: 0, records: 0, accepted: 0, quarantined: 0, requests: 0, seconds: 0 };
  const reported = { refusals: {}, warnings: {}, lines: {}, mapping: [], reasons: reasons.map(formatReason) };
  return { name, state: 'rejected', ...nothing, ...reported };
}

async function judge(
  handle: FileHandle,
  { name, bytes }: { readonly name: string; readonly bytes: number },
  { rules, limits, arrivedAt, onProgress }: CheckOptions,
): Promise<Omit<CheckResult, 'name' | 'bytes' | 'seconds'>> {
  if (bytes > limits.maxExportBytes) throw new ExportRejectedError(tooLarge(bytes, limits.maxExportBytes));
  const forced = rules.mapping.encoding;
  const { packing, content } = await exportFile(
    handle,
    { name, bytes },
    { maxBytes: limits.maxExportBytes, forced },
  );
  const sample = await content();
  const head = await firstBytes(sample.content, HEAD_BYTES);
  const totalBytes =
    packing === 'none' ? bytes : head.length < HEAD_BYTES ? head.length : Number.MAX_SAFE_INTEGER;
  const { chunkRecords, recordsPerRequest, maxBodyBytes, maxRecordBytes } = limits;
  const { onUnknownOutcome } = DEFAULT_SPLIT_SETTINGS;
  const plan = (encoding?: PinnedEncoding): PlannedExport =>
    planExport({
      name: sample.name,
      head,
      totalBytes,
      arrivedAt,
      schema: rules.schema,
      mapping: rules.mapping,
      settings: { chunkRecords, recordsPerRequest, maxBodyBytes, maxRecordBytes, onUnknownOutcome },
      ...(encoding && { encoding }),
    });

  const pass = async ({ plan }: PlannedExport): Promise<Judgement> =>
    judgeContent((await content()).content, plan, limits.maxExportRecords, onProgress);
  let planned = plan();
  let judged = await pass(planned);
  const encoding = decideEncoding(judged.census, forcedEncoding(rules.mapping));
  if (encoding !== planned.plan.encoding) {
    planned = plan(encoding);
    judged = await pass(planned);
  }
  const records = behind((await content()).content, planned.plan.head.end);
  const rejection = judged.refused === 0 ? undefined : await rejectionOf(records, planned.plan);
  return summary(planned, judged, packing, rejection);
}

/** Why all records stay because of the refused ones, by the split's own rule. */
async function rejectionOf(
  records: AsyncIterable<Uint8Array>,
  plan: ExportPlan,
): Promise<Reason | undefined> {
  try {
    await judgeRefusals(records, plan, plan.policy);
    return undefined;
  } catch (error) {
    if (error instanceof ExportRejectedError) return error.reason;
    throw error;
  }
}

function summary(
  { plan, mapping, warnings }: PlannedExport,
  { records, refused, refusals, warnings: warned, lines }: Judgement,
  packing: string,
  rejection: Reason | undefined,
): Omit<CheckResult, 'name' | 'bytes' | 'seconds'> {
  const { delimiter, quote } = plan.dialect;
  const perChunk = Math.ceil(plan.chunkRecords / plan.recordsPerRequest);
  const inLastChunk = records % plan.chunkRecords;
  const requests =
    Math.floor(records / plan.chunkRecords) * perChunk + Math.ceil(inLastChunk / plan.recordsPerRequest);
  const sent = rejection
    ? { state: 'rejected' as const, accepted: 0, quarantined: 0, requests: 0 }
    : {
        state: refused > 0 ? ('completedWithRefusals' as const) : ('completed' as const),
        accepted: records - refused,
        quarantined: refused,
        requests,
      };
  return {
    ...sent,
    records,
    refusals,
    warnings: warned,
    lines,
    format: { packing, delimiter, quoting: quote === null ? 'none' : 'double', encoding: plan.encoding },
    mapping: mapping.fields.map(({ field, column, how }) => ({
      field: field.name,
      column: mapping.columns[column] ?? '',
      how,
    })),
    reasons: (rejection ? [rejection] : records === 0 ? [NO_RECORDS, ...warnings] : warnings).map(
      formatReason,
    ),
  };
}

const secondsSince = (began: number): number => Math.round(performance.now() - began) / 1000;
