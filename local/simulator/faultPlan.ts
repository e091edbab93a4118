import { createHash } from 'node:crypto';
import type { FaultRule } from './faultSpec.ts';
import { scanRecords } from './records.ts';

/** A request as far as rules look at it. */
export type Faced = {
  /** Number of the request, from 1; token requests are numbered by themselves. */
  readonly number: number;
  /** ms since the rules were set. */
  readonly elapsedMs: number;
  /** The records as received, header included; undefined while the body has not been read. */
  readonly part?: Buffer;
};

/** The first rule that applies to a request. Chance is a function of seed, rule and request number, so a run can be repeated. */
export function faultFor(rules: readonly FaultRule[], seed: number, request: Faced): FaultRule | undefined {
  return rules.find((rule, i) => applies(rule, i, seed, request));
}

function applies(rule: FaultRule, index: number, seed: number, { number, elapsedMs, part }: Faced): boolean {
  if (number < rule.from || number > rule.to || elapsedMs > rule.forMs) return false;
  if (rule.share < 1 && chance(seed, index, number) >= rule.share) return false;
  if (rule.above >= 0 && (part === undefined || part.length <= rule.above)) return false;
  const { hash } = rule;
  return !hash || (part !== undefined && hasMarkedRecord(part, hash));
}

/** A number in [0, 1) that depends on its arguments alone. */
const chance = (seed: number, rule: number, request: number): number =>
  createHash('sha256').update(`${seed}/${rule}/${request}`).digest().readUInt32BE() / 2 ** 32;

/**
 * Whether `hash=HITS/OF` takes this record (its bytes without the line end) for one that the service refuses.
 * A function of the bytes alone, so that a test can tell which records of an export must end in quarantine.
 */
export const isMarked = (
  record: Uint8Array,
  { hits, of }: { readonly hits: number; readonly of: number },
): boolean => createHash('sha256').update(record).digest().readUInt32BE() % of < hits;

function hasMarkedRecord(part: Buffer, hash: NonNullable<FaultRule['hash']>): boolean {
  let first = true;
  let found = false;
  scanRecords(part, (start, end) => {
    found ||= !first && isMarked(part.subarray(start, end), hash);
    first = false;
  });
  return found;
}
