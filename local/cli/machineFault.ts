import path from 'node:path';
import { printable } from './console.ts';
import { UsageError } from './usageError.ts';

/** What was built, beside the sources: no option moves it. */
const BUILT = path.join(import.meta.dirname, '..', '..', 'dist');

/** Where it happened: the file or folder, where the error names one, and the command's own folder, where an option names it. */
type Place = { readonly file: string | undefined; readonly out: string | undefined };

const FAULTS: Readonly<Record<string, readonly [cause: string, cure: (place: Place) => string]>> = {
  EADDRINUSE: [
    'A port is taken by another program',
    () => 'End that program (another "npm run watch"?), or use "npm start", which takes free ports.',
  ],
  ENOSPC: ['The disk is full', moreRoom],
  EDQUOT: ['Your disk quota is used up', moreRoom],
  EROFS: ['A folder is read-only', access],
  EACCES: ['There is no permission for a file or folder', access],
  EPERM: ['There is no permission for a file or folder', access],
  EMFILE: [
    'Too many files are open',
    () => 'Raise the limit of open files ("ulimit -n"), or end other programs.',
  ],
};

function moreRoom({ file, out }: Place): string {
  const elsewhere = out !== undefined && (file === undefined || isWithin(out, file));
  return `Free some space${elsewhere ? ', or name a folder on another disk with --out DIR' : ''}.`;
}

function access({ file, out }: Place): string {
  if (file === undefined) return 'Make it readable and writable for you.';
  if (isWithin(BUILT, file)) return 'Run npm run build as a user who may write here.';
  const elsewhere = out !== undefined && isWithin(out, file);
  const instead = elsewhere ? ', or name a folder you can write to with --out DIR' : '';
  return `Make ${printable(file)} readable and writable for you${instead}.`;
}

function isWithin(folder: string, file: string): boolean {
  const way = path.relative(path.resolve(folder), path.resolve(file));
  return way === '' || (!way.startsWith('..') && !path.isAbsolute(way));
}

/**
 * What the machine refused, as cause and cure; undefined when the error is of another kind. A process that reports a fault
 * to another one passes on its words only, so code and file are looked for in those as well.
 *
 * @param out folder in which the command writes, when an option of it says which
 */
export function machineFault(error: unknown, out?: string): UsageError | undefined {
  const { code, message = '', path: file } = error as { code?: unknown; message?: string; path?: unknown };
  const found = FAULTS[String(code)] ?? FAULTS[/\bE[A-Z]{4,}\b/.exec(message)?.[0] ?? ''];
  if (!found) return undefined;
  const [cause, cure] = found;
  const place = { file: typeof file === 'string' ? file : /'([^']+)'/u.exec(message)?.[1], out };
  return new UsageError(`${cause} (${printable(message)}).`, cure(place), { cause: error });
}
