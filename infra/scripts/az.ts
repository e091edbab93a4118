import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs the Azure CLI with these arguments and gives what it answered, read as JSON; undefined for an empty answer. */
export type Az = (args: readonly string[]) => Promise<unknown>;

const run = promisify(execFile);
const windows = process.platform === 'win32';

/**
 * The Azure CLI of this machine, signed in as whoever calls.
 * @throws {Error} with the CLI's own words when it fails or is missing
 */
export const az: Az = async (args) => {
  // On Windows `az` is a batch file, which only a shell can start.
  const given = windows ? args.map((arg) => `"${arg.replaceAll('"', '\\"')}"`) : args;
  try {
    const { stdout } = await run('az', [...given, '--output', 'json', '--only-show-errors'], {
      shell: windows,
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout.trim() === '' ? undefined : JSON.parse(stdout);
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT')
      throw new Error('The Azure CLI (az) was not found. Install it and sign in with `az login`.', {
        cause: error,
      });
    throw new Error(`az ${args.slice(0, 3).join(' ')}: ${stderr?.trim() || 'failed'}`, { cause: error });
  }
};
