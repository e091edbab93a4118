import { ExportRejectedError, type Reason } from '../errors.ts';
import { knownNames, resolveMapping, type ResolvedMapping } from '../schema/mapping.ts';
import type { MappingFile } from '../schema/mappingFile.ts';
import { planHeader, planOutput, planPolicy, planValidation } from '../schema/planning.ts';
import type { ConnectorSchema } from '../schema/schema.ts';
import { forcedEncoding } from './encoding.ts';
import { type Head, readHead } from './head.ts';
import type { ExportPlan, PinnedEncoding } from './types.ts';

/** The settings that an export's plan fixes. */
export type PlanSettings = Pick<
  ExportPlan,
  'chunkRecords' | 'recordsPerRequest' | 'maxBodyBytes' | 'maxRecordBytes' | 'onUnknownOutcome'
>;

export type PlanInput = {
  /** Name of the blob or file; its extension says which delimiter to expect. */
  readonly name: string;
  /** The first bytes of the pinned source (UTF-8 or Windows-1252): HEAD_BYTES of them, or all there are. */
  readonly head: Uint8Array;
  /** Size of the pinned source, bytes. */
  readonly totalBytes: number;
  /** When the export arrived (its last modification), UTC ms. */
  readonly arrivedAt: number;
  readonly schema: ConnectorSchema;
  /** What `mappings/<connector>.json` says, if there is one. */
  readonly mapping?: MappingFile;
  readonly settings: PlanSettings;
  /**
   * Left out before the scan: the plan then says what the head suggests (or the mapping file forces), good for scanning.
   * When the scan is through, plan once more with the encoding it decided on; that plan goes into the ledger.
   */
  readonly encoding?: PinnedEncoding;
};

export type PlannedExport = {
  readonly plan: ExportPlan;
  /** Which column holds which field, and how it was found. */
  readonly mapping: ResolvedMapping;
  /** Oddities that cost nothing, e.g. columns of the schema that are missing but optional. */
  readonly warnings: readonly Reason[];
};

/**
 * Judge an export by its head and fix everything that decides how its records are read, judged and sent.
 * The same input gives the same plan, so a split that starts anew comes to the same one.
 * @throws {ExportRejectedError} with what is wrong with the head (see `readHead`), or with every fault of the header at once
 */
export function planExport(input: PlanInput): PlannedExport {
  const { schema, mapping: file = {}, settings } = input;
  const forced = forcedEncoding(file);
  const head = readHead(input.head, input.name, {
    totalBytes: input.totalBytes,
    isKnown: knownNames(schema, file),
    ...(file.delimiter && { delimiter: file.delimiter }),
    ...(file.quoting && { quoting: file.quoting }),
    ...(forced && { encoding: forced }),
  });
  const outcome = resolveMapping(schema, head.header.columns, file);
  if ('reasons' in outcome) throw new ExportRejectedError(outcome.reasons);
  const { mapping } = outcome;
  const encoding =
    forced ?? head.encoding ?? (isMultiByte(head.header) ? 'utf-8' : (input.encoding ?? 'utf-8'));
  const output = planOutput(mapping, head.dialect);
  const plan: ExportPlan = {
    dialect: head.dialect,
    encoding,
    head: { start: head.header.start, end: head.header.end },
    firstLine: head.firstLine,
    header: planHeader(head.header.text, mapping, file, head.dialect, output),
    output,
    validation: planValidation(mapping, file, input.arrivedAt, encoding === 'utf-8'),
    ...settings,
    policy: planPolicy(file),
  };
  return { plan, mapping, warnings: withoutColumn(schema, mapping) };
}

/** The scan saw the records alone: a header with well-formed sequences of UTF-8 has a say in the encoding, too. */
function isMultiByte({ start, end, text }: Head['header']): boolean {
  return text.length < end - start && Buffer.byteLength(text) === end - start;
}

function withoutColumn(schema: ConnectorSchema, { fields }: ResolvedMapping): Reason[] {
  const mapped = new Set(fields.map(({ field }) => field.name));
  const missing = schema.fields.filter(({ name }) => !mapped.has(name)).map(({ name }) => `"${name}"`);
  if (missing.length === 0) return [];
  return [
    {
      code: 'FIELDS_WITHOUT_COLUMN',
      line: 1,
      cause: `No column of the export is ${missing.join(', ')}; they are optional.`,
      cure: 'Add them to the export if the EHR system has them: detections get better by each.',
    },
  ];
}
