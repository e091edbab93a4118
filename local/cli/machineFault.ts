import { UsageError } from './usageError.ts';

const FAULTS: Readonly<Record<string, readonly [cause: string, cure: string]>> = {
  EADDRINUSE: [
    'A port is taken by another program',
    'End that program (another "npm run watch"?), or use "npm start", which takes free ports.',
  ],
  ENOSPC: ['The disk is full', 'Free some space, or name a folder on another disk with --out DIR.'],
  EDQUOT: ['Your disk quota is used up', 'Free some space, or name a folder on another disk with --out DIR.'],
  EROFS: ['A folder is read-only', 'Name a folder you can write to with --out DIR.'],
  EACCES: ['A file or folder may not be written', 'Name a folder you can write to with --out DIR.'],
  EPERM: ['A file or folder may not be written', 'Name a folder you can write to with --out DIR.'],
  EMFILE: ['Too many files are open', 'Raise the limit of open files ("ulimit -n"), or end other programs.'],
};

/**
 * What the machine refused, as cause and cure; undefined when the error is of another kind. A process that reports a fault
 * to another one passes on its words only, so the code is looked for in those as well.
 */
export function machineFault(error: unknown): UsageError | undefined {
  const { code, message = '' } = error as { code?: unknown; message?: string };
  const found = FAULTS[String(code)] ?? FAULTS[/\bE[A-Z]{4,}\b/.exec(message)?.[0] ?? ''];
  return found && new UsageError(`${found[0]} (${message}).`, found[1], { cause: error });
}
