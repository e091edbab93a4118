import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bundleApp, bundleProgram } from '../../local/build/bundle.ts';
import { ROOT } from '../../local/build/build.ts';
import { type Functions, type FunctionsOptions, startFunctions } from '../../local/host/supervisor.ts';
import { type Emulator, startEmulator } from '../../local/storage/azurite.ts';

const HOST_JSON = {
  version: '2.0',
  extensions: {
    queues: { batchSize: 2, newBatchThreshold: 1, maxDequeueCount: 3, visibilityTimeout: '00:00:01' },
    blobs: { maxDegreeOfParallelism: 4, poisonBlobThreshold: 2 },
  },
};
const DEADLINE_MS = 20_000;

/** What the recorder app wrote down of one call. */
export type Recorded = { readonly pid: number; readonly kind: string } & Readonly<Record<string, unknown>>;

/** The local host with an app of test/support/apps on an emulator of its own. */
export class HostRig {
  readonly storage: Emulator;
  readonly #folder: string;
  readonly #running: Functions[] = [];
  #instances = 0;

  private constructor(folder: string, storage: Emulator) {
    this.#folder = folder;
    this.storage = storage;
  }

  /** Builds the app and the host from their sources as they are now. */
  static async create(appName: string): Promise<HostRig> {
    const folder = await mkdtemp(join(tmpdir(), 'host-'));
    const app = join(folder, 'app');
    await mkdir(app);
    const [storage] = await Promise.all([
      startEmulator({ folder: join(folder, 'storage') }),
      bundleApp(ROOT, `test/support/apps/${appName}.ts`, app),
      bundleProgram(ROOT, 'local/host/process.ts', join(folder, 'host.mjs')),
      writeFile(join(app, 'package.json'), JSON.stringify({ type: 'module', main: '*.mjs' })),
      writeFile(join(app, 'host.json'), JSON.stringify(HOST_JSON)),
    ]);
    return new HostRig(folder, storage);
  }

  /** One more functions process; messages in hand of a dead one come back after 2 s. */
  async start(options: Partial<FunctionsOptions> = {}): Promise<Functions> {
    this.#instances += 1;
    const functions = await startFunctions({
      instance: this.#instances,
      appFolder: join(this.#folder, 'app'),
      entry: join(this.#folder, 'host.mjs'),
      times: { pollMs: 50, invisibilityMs: 2_000 },
      logFile: join(this.#folder, 'functions.log'),
      ...options,
      settings: {
        AzureWebJobsStorage: this.storage.connectionString,
        RECORD_FILE: join(this.#folder, 'records.jsonl'),
        WORK_QUEUE: 'work',
        ...options.settings,
      },
    });
    this.#running.push(functions);
    return functions;
  }

  async records(kind?: string): Promise<Recorded[]> {
    const text = await readFile(join(this.#folder, 'records.jsonl'), 'utf8').catch(() => '');
    const all = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Recorded);
    return kind === undefined ? all : all.filter((entry) => entry.kind === kind);
  }

  /** The records of a kind, once there are `count` that satisfy `where`. */
  async waitFor(
    kind: string,
    count = 1,
    where: (entry: Recorded) => boolean = () => true,
  ): Promise<Recorded[]> {
    const deadline = performance.now() + DEADLINE_MS;
    for (;;) {
      const found = (await this.records(kind)).filter(where);
      if (found.length >= count) return found;
      if (performance.now() > deadline) {
        throw new Error(`Only ${found.length} of ${count} "${kind}" were recorded.\n${await this.log()}`);
      }
      await delay(20);
    }
  }

  async log(): Promise<string> {
    return readFile(join(this.#folder, 'functions.log'), 'utf8').catch(() => '');
  }

  /** Ends every process and forgets what was recorded. The storage stays. */
  async reset(): Promise<void> {
    this.#instances = 0;
    await Promise.all(this.#running.splice(0).map((functions) => functions.stop()));
    await rm(join(this.#folder, 'records.jsonl'), { force: true });
  }

  async stop(): Promise<void> {
    await this.reset();
    await this.storage.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
