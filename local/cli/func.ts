import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { ensureBuilt, ROOT } from '../build/build.ts';
import { startEmulator } from '../storage/azurite.ts';
import { appSettingsFor } from './appSettings.ts';
import { addStackOptions, refuseSimulatorOptions, type StackOptions } from './options.ts';
import { takeRunLock } from './runLock.ts';
import { openLocal, simulatorFor } from './stack.ts';
import { UsageError } from './usageError.ts';

/** `npm run start:func`: the same app, emulator and simulator, under Azure Functions Core Tools. Ctrl-C ends it. */
export function addFuncCommand(program: Command): void {
  addStackOptions(program.command('func'))
    .description('Serve the app with Azure Functions Core Tools, against the local emulator and simulator.')
    .action(async (options: StackOptions, command: Command) => {
      refuseSimulatorOptions(command);
      const tool = findCoreTools(process.env['PATH'] ?? '');
      await ensureBuilt();
      const lock = await takeRunLock(options.out);
      const parts: (() => Promise<void>)[] = [() => lock.release()];
      try {
        const emulator = await startEmulator({ folder: path.join(options.out, 'storage') });
        parts.push(() => emulator.stop());
        const simulator = options.connectorUrl === undefined ? await simulatorFor(options) : undefined;
        if (simulator) parts.push(() => simulator.close());
        const storage = await openLocal(emulator.connectionString);
        parts.push(() => storage.close());
        process.exitCode = await serve(tool, appSettingsFor(options, emulator.connectionString, simulator));
      } finally {
        for (const stop of parts.toReversed()) await stop();
      }
    });
}

/**
 * Path of `func`: the project's own, else one on the PATH.
 * @throws {UsageError} when there is none: its binary is a download that not every network allows
 */
export function findCoreTools(searchPath: string): string {
  const names = process.platform === 'win32' ? ['func.cmd', 'func.exe'] : ['func'];
  const folders = [path.join(ROOT, 'node_modules', '.bin'), ...searchPath.split(path.delimiter)];
  const found = folders
    .flatMap((folder) => names.map((name) => path.join(folder, name)))
    .find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new UsageError(
    'Azure Functions Core Tools ("func") is not installed.',
    'Install it ("npm install -g azure-functions-core-tools@4"), or use "npm start", which does not need it.',
  );
}

/** Core Tools get the Ctrl-C of the terminal as well: this process only waits for them. */
async function serve(tool: string, settings: Readonly<Record<string, string>>): Promise<number> {
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  try {
    const child = spawn(tool, ['start'], {
      cwd: ROOT,
      env: { ...process.env, ...settings },
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject).once('exit', (code) => resolve(code ?? 0));
    });
  } finally {
    process.off('SIGINT', ignore);
  }
}
