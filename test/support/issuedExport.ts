import type { Random } from '../../shared/clock.ts';
import { isMarked } from '../../local/simulator/faultPlan.ts';
import { HEADER_COLUMNS, plainRecord } from './healthcare.ts';

/** In every record, and in nothing that may be shown. */
export const CANARY = 'Zebediah';

/** The share of records that the simulator refuses under {@link REFUSING_RULE}; which ones, their bytes alone decide. */
const MARK = { hits: 1, of: 16 } as const;
export const REFUSING_RULE = `400:hash=${MARK.hits}/${MARK.of}`;

/** A record as it was issued. `invalid` ones the validation refuses, `refused` ones the service. */
export type IssuedRecord = {
  readonly number: number;
  /** With its line end. */
  readonly text: string;
  readonly kind: 'good' | 'invalid' | 'refused';
};

export type IssuedExport = {
  readonly blobName: string;
  readonly header: string;
  readonly records: readonly IssuedRecord[];
  readonly content: Buffer;
};

export type ExportShape = {
  readonly blobName: string;
  readonly records: number;
  readonly recordsPerRequest: number;
  /** Told apart from other exports of the same name by this. */
  readonly version?: string;
  /** Share of records that validation refuses; the first of a batch is none of them, so that every batch is a request. */
  readonly invalid?: number;
  /** Share of batches that hold one record which the service refuses; never the first, so that the mapping is not blamed. */
  readonly refusedBatches?: number;
};

const LINE_END = '\r\n';

/** An export whose every record is a function of the blob's name and its number: whoever receives one can tell what it must be. */
export function issueExport(shape: ExportShape, random: Random): IssuedExport {
  const {
    blobName,
    records: count,
    recordsPerRequest,
    version = '',
    invalid = 0,
    refusedBatches = 0,
  } = shape;
  const title = blobName + version;
  const records: IssuedRecord[] = [];
  for (let first = 1; first <= count; first += recordsPerRequest) {
    const size = Math.min(recordsPerRequest, count - first + 1);
    const hasRefused = first > 1 && random() < refusedBatches;
    const refused = hasRefused ? first + Math.floor(random() * size) : 0;
    for (let number = first; number < first + size; number++) {
      const kind = number === refused ? 'refused' : number > first && random() < invalid ? 'invalid' : 'good';
      records.push({ number, kind, text: recordText(title, number, kind) });
    }
  }
  const header = HEADER_COLUMNS.join(',') + LINE_END;
  return {
    blobName,
    header,
    records,
    content: Buffer.from(header + records.map(({ text }) => text).join('')),
  };
}

/** A text whose hash marks it for the simulator exactly when the service shall refuse it. */
function recordText(title: string, number: number, kind: IssuedRecord['kind']): string {
  for (let nonce = 0; ; nonce++) {
    const text = plainRecord(number, {
      'Event Name': `"${title}, ""${number}""${LINE_END}${nonce}"`,
      'Patient First Name': `${CANARY} ${(number * 7919) % 1000}é`,
      ...(kind === 'invalid' ? { 'Patient City': '' } : {}),
    });
    if (isMarked(Buffer.from(text), MARK) === (kind === 'refused')) return text + LINE_END;
  }
}
