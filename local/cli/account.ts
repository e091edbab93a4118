import { existsSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import { openStorage, type Storage } from '../../shared/storage/azureStorage.ts';
import { readStorageConnection } from '../../shared/storage/connection.ts';
import { startEmulator } from '../storage/azurite.ts';
import { accountFault } from './accountFault.ts';
import { takeRunLock } from './runLock.ts';
import { UsageError } from './usageError.ts';

/** Words for `--help` of commands that work on an account. */
export const ACCOUNT_HELP =
  'Works on the account that the environment names (ExportStorage, or ExportStorage__blobServiceUri and its companions, ' +
  'signed in as you are), else on the files of local runs in --out. While npm run watch is up: ExportStorage=UseDevelopmentStorage=true.';

const HELD_BY_WATCH =
  'While npm run watch is up, set ExportStorage=UseDevelopmentStorage=true; else wait for the run to end.';

/**
 * Open the account that a command is about, do the work, and close it again.
 *
 * @param out folder of local runs, for when the environment names no account
 * @throws {UsageError} when there is no local run in that folder, or one is using it, and when an account in Azure lets nobody in
 */
export async function withAccount<T>(out: string, work: (storage: Storage) => Promise<T>): Promise<T> {
  const { env } = process;
  if (env['ExportStorage'] || env['ExportStorage__blobServiceUri']) return withConnection(env, work);
  const folder = path.join(out, 'storage');
  if (!existsSync(folder)) {
    throw new UsageError(
      `There is no local run in ${out}, and the environment names no account.`,
      'Set ExportStorage__blobServiceUri, __queueServiceUri and __tableServiceUri for an account in Azure, or run npm start first.',
    );
  }
  const lock = await takeRunLock(out, HELD_BY_WATCH);
  try {
    const emulator = await startEmulator({ folder });
    try {
      return await withConnection({ ExportStorage: emulator.connectionString }, work);
    } finally {
      await emulator.stop();
    }
  } finally {
    await lock.release();
  }
}

async function withConnection<T>(env: NodeJS.ProcessEnv, work: (storage: Storage) => Promise<T>): Promise<T> {
  const connection = readStorageConnection(env, 'ExportStorage');
  const storage = await openStorage(connection, { clock: systemClock, random: Math.random });
  try {
    return await work(storage);
  } catch (error) {
    throw accountFault(error) ?? error;
  } finally {
    await storage.close();
  }
}
