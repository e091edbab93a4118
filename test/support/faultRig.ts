import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureBuilt, ROOT } from '../../local/build/build.ts';
import { startEmulator, type Emulator } from '../../local/storage/azurite.ts';
import { FaultCell, type CellOptions } from './faultCell.ts';

/** Key of every account of the rig; it protects nothing. */
const KEY = Buffer.alloc(64, 'fault campaign').toString('base64');
/** Shorter times than in host.json, so that what a dead process held comes back soon. */
const QUEUE_TIMES = { visibilityTimeout: '00:00:00', batchSize: 2, newBatchThreshold: 1 };

/** One storage emulator with an account for each cell: cells know nothing of one another. */
export class FaultRig {
  readonly folder: string;
  readonly #emulator: Emulator;
  readonly #cells: FaultCell[] = [];
  readonly #accounts: string[];

  private constructor(folder: string, emulator: Emulator, accounts: string[]) {
    this.folder = folder;
    this.#emulator = emulator;
    this.#accounts = accounts;
  }

  /**
   * @param cells most cells that will be asked for
   * @param hostJson what host.json says otherwise
   */
  static async start(cells: number, hostJson: object = {}): Promise<FaultRig> {
    const folder = await mkdtemp(path.join(tmpdir(), 'faults-'));
    const accounts = Array.from({ length: cells }, (_, index) => `cell${index}`);
    const [emulator] = await Promise.all([
      startEmulator({
        folder: path.join(folder, 'storage'),
        moreAccounts: accounts.map((name) => `${name}:${KEY}`),
      }),
      makeAppFolder(path.join(folder, 'app'), hostJson),
      ensureBuilt(),
    ]);
    return new FaultRig(folder, emulator, accounts);
  }

  /** A cell of its own: account, proxy, connector, and the functions that `options` ask for. */
  async cell(options: CellOptions = {}): Promise<FaultCell> {
    const account = this.#accounts.shift();
    if (account === undefined) throw new Error('The rig was started for fewer cells.');
    const { blobUrl, queueUrl, tableUrl } = this.#emulator;
    const cell = await FaultCell.start(
      {
        account,
        key: KEY,
        blob: new URL(blobUrl).origin,
        queue: new URL(queueUrl).origin,
        table: new URL(tableUrl).origin,
        appFolder: path.join(this.folder, 'app'),
        folder: path.join(this.folder, account),
      },
      options,
    );
    this.#cells.push(cell);
    return cell;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#cells.map((cell) => cell.stop()));
    await this.#emulator.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The built app as it is, under a host.json with shorter times. */
async function makeAppFolder(folder: string, changes: object): Promise<void> {
  await mkdir(folder);
  const hostJson = JSON.parse(await readFile(path.join(ROOT, 'host.json'), 'utf8')) as {
    extensions: { queues: object };
  };
  Object.assign(hostJson.extensions.queues, QUEUE_TIMES);
  await Promise.all([
    writeFile(path.join(folder, 'host.json'), JSON.stringify({ ...hostJson, ...changes })),
    ...['dist', 'mappings', 'package.json'].map((name) =>
      symlink(path.join(ROOT, name), path.join(folder, name)),
    ),
  ]);
}
