/** What can be made wrong with a record, by the code that validation gives it. */
export const DEFECTS = {
  'missing-value': (fields: string[]) => fields.with(6, ''),
  'bad-time': (fields: string[]) => fields.with(0, 'yesterday noon'),
  'no-account': (fields: string[]) => fields.with(18, '').with(19, ''),
  'bad-email': (fields: string[]) => fields.with(18, 'user at hospital'),
  'column-count': (fields: string[]) => [...fields, 'surplus'],
  'stray-quote': (fields: string[]) => fields.with(10, '"Ward 3" east'),
  'control-character': (fields: string[]) => fields.with(10, 'Ward\u00013'),
} as const satisfies Record<string, (fields: string[]) => string[]>;

export type DefectName = keyof typeof DEFECTS;

/** One kind of defect: exactly `count` records spread evenly, or each record with probability `share`. */
export type DefectRule = { readonly name: DefectName; readonly count?: number; readonly share?: number };

/**
 * Parse `missing-value:1%,bad-time:3`: a percentage of all records, or a number of them.
 *
 * @throws {RangeError} naming the part that is wrong and what is known
 */
export function parseDefects(spec: string): DefectRule[] {
  return spec
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [, name = '', amount = '', percent] = /^([a-z-]+)(?::(\d+(?:\.\d+)?)(%)?)?$/.exec(part) ?? [];
      if (!(name in DEFECTS)) {
        throw new RangeError(
          `--defects: expected one of ${Object.keys(DEFECTS).join(', ')}, each with ":N" or ":P%", got "${part}"`,
        );
      }
      const value = amount === '' ? 1 : Number(amount);
      return percent
        ? { name: name as DefectName, share: value / 100 }
        : { name: name as DefectName, count: Math.round(value) };
    });
}
