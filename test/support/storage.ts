import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmulator, type Emulator } from '../../local/storage/azurite.ts';

/** A storage emulator of its own on free ports, in a folder that goes with it. */
export async function startTestStorage(): Promise<Emulator> {
  const folder = await mkdtemp(join(tmpdir(), 'storage-'));
  const emulator = await startEmulator({ folder });
  return {
    ...emulator,
    stop: async () => {
      await emulator.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
