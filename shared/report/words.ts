import type { ExportState } from '../ledger/model.ts';

/** A count as people read it: `5,000,000`. */
export const number = (value: number): string => value.toLocaleString('en-US');

/** An ISO instant to the minute, `2026-11-22 08:51`; '' for none. */
export const time = (iso: string | undefined): string => iso?.slice(0, 16).replace('T', ' ') ?? '';

/** A duration: `0.7 s`, `12 min 5 s`, `3 h 20 min`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 90) return `${String(minutes)} min ${String(Math.floor(seconds % 60))} s`;
  return `${String(Math.floor(minutes / 60))} h ${String(minutes % 60)} min`;
}

/** What is said of a day without an export that could be sent. @param exports those that arrived all the same */
export function missingWords(exports: readonly { readonly state: ExportState }[]): string {
  if (exports.length === 0) return 'No export arrived.';
  const duplicates = exports.filter(({ state }) => state === 'duplicate').length;
  const rejected = exports.length - duplicates;
  if (rejected === 0)
    return `Only ${duplicates === 1 ? 'a duplicate' : 'duplicates'} arrived: the content was sent before, so nothing was sent.`;
  if (duplicates === 0)
    return `Only ${rejected === 1 ? 'a rejected export' : 'rejected exports'} arrived, so nothing was sent.`;
  return 'Only duplicates and rejected exports arrived, so nothing was sent.';
}

/** The same in short, beside a day. @param exports how many arrived all the same */
export const missingRemark = (exports: number): string =>
  exports === 0 ? 'no export arrived' : 'no export arrived that could be sent';

/** Text whose control and direction characters, as of a hostile name, are seen instead of acting; a line end is a blank. */
export const visible = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => (character === '\n' ? ' ' : '\uFFFD'));
