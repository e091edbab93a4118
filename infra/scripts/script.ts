/** The command line was wrong: the usage is shown with it. */
export class UsageFault extends Error {}

/**
 * Run a script for a person: a fault is told in its own sentence and without a stack trace, which would hide it.
 * Ends with 2 where the command line was wrong, with 1 where the work failed.
 */
export async function runScript(usage: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const wrongUse = error instanceof UsageFault || isParseFault(error);
    const words = error instanceof Error ? error.message : 'It failed.';
    process.stderr.write(`${words}\n${wrongUse ? `\n${usage}` : ''}`);
    process.exitCode = wrongUse ? 2 : 1;
  }
}

/** An option that `parseArgs` does not know, or a value that it lacks. */
const isParseFault = (error: unknown): boolean =>
  error instanceof TypeError && String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS');
