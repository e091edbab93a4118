import type { LogFields } from '../log.ts';

/** Every attribute that may leave the app, in a log, a trace or a metric. What is not listed here is dropped. */
export const ALLOWED_FIELDS = [
  'exportId',
  'connector',
  'blobName',
  'chunk',
  'batch',
  'records',
  'firstRecord',
  'line',
  'bytes',
  'state',
  'code',
  'status',
  'attempt',
  'count',
  'messages',
  'resumed',
  'started',
  'ended',
  'delayMs',
  'durationMs',
  'dueAt',
  'reason',
  'errorName',
  'actor',
] as const satisfies readonly (keyof LogFields)[];

/** A text attribute is cut here: a name or a sentence of ours is shorter, anything longer is not one of ours. */
const MOST_CHARACTERS = 1_024;

export type Attributes = Record<string, string | number>;

/**
 * The fields that may leave the app, and nothing else.
 *
 * @param nameOf how a blob's name is shown: as it is, or hashed
 */
export function allowedFields(fields: LogFields, nameOf: (blobName: string) => string): Attributes {
  const attributes: Attributes = {};
  for (const name of ALLOWED_FIELDS) {
    const value = fields[name];
    if (typeof value === 'number' && Number.isFinite(value)) attributes[name] = value;
    if (typeof value === 'string') attributes[name] = shown(name === 'blobName' ? nameOf(value) : value);
  }
  return attributes;
}

/** Control characters would let a name forge log lines. */
const shown = (text: string): string =>
  text.slice(0, MOST_CHARACTERS).replaceAll(/[\p{Cc}\p{Cf}]/gu, '\uFFFD');
