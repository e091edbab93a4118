import type { ExportResult } from './summary.ts';

/** A run ended by an error, its `cause`, when its exports were known: how far each came. */
export class BrokenOffError extends Error {
  override readonly name = 'BrokenOffError';
  readonly exports: readonly ExportResult[];

  constructor(exports: readonly ExportResult[], cause: unknown) {
    super('The run broke off.', { cause });
    this.exports = exports;
  }
}
