import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { StorageReport } from './process.ts';

/** The emulator's well-known account. Its key is published: whoever reaches the port is let in. */
const ACCOUNT = 'devstoreaccount1';
const PUBLISHED_KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const START_DEADLINE_MS = 40_000;
const STOP_DEADLINE_MS = 30_000;
/**
 * The emulator streams in buffers of 64 KiB outside V8's heap; with the heap's usual small start, V8 collects all of it every
 * 6 MB or so, which is almost half of what a download costs.
 */
const HEAP_FLAGS = ['--initial-old-space-size=256'];

export type EmulatorOptions = {
  /** Holds everything that is stored; made when absent. */
  readonly folder: string;
  /** 0 or absent: any free port. */
  readonly blobPort?: number;
  readonly queuePort?: number;
  readonly tablePort?: number;
  /** Take the emulator's published key, which other tools know; absent: a key of this run, which nobody else has. */
  readonly publishedKey?: boolean;
  /** Accounts beside its own, each `name:key` with the key in base64. */
  readonly moreAccounts?: readonly string[];
};

/** A running storage emulator. */
export type Emulator = {
  readonly connectionString: string;
  /** Endpoints with the account's name, without a slash at the end. */
  readonly blobUrl: string;
  readonly queueUrl: string;
  readonly tableUrl: string;
  readonly pid: number;
  /** Resolves with the exit code once the process has ended, for whatever reason. */
  readonly ended: Promise<number | null>;
  /** Saves the tables and ends; killed when it takes longer than 30 s. Calling it again is fine. */
  stop(): Promise<void>;
};

/**
 * Starts Azurite on loopback in a process group of its own: a Ctrl-C in the terminal must not end it before the functions
 * have written what they know. It ends by itself, gracefully, when this process disappears.
 * @throws {Error} with cause and cure when it cannot start: folder in use, port taken
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const ports = [options.blobPort, options.queuePort, options.tablePort].map((port) => String(port ?? 0));
  const key = options.publishedKey ? PUBLISHED_KEY : randomBytes(64).toString('base64');
  const accounts = [`${ACCOUNT}:${key}`, ...(options.moreAccounts ?? [])].join(';');
  const child = fork(fileURLToPath(new URL('process.ts', import.meta.url)), [options.folder, ...ports], {
    detached: true,
    windowsHide: true,
    execArgv: [...HEAP_FLAGS, '--disable-warning=DEP0040', '--disable-warning=DEP0169'],
    env: { ...process.env, NODE_OPTIONS: '', AZURITE_ACCOUNTS: accounts },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-2_000)));
  const ended = once(child, 'exit').then(([code]) => code as number | null);

  const report = await firstReport(child, ended);
  if (!('ready' in report)) {
    child.kill('SIGKILL');
    throw new Error(`The storage emulator did not start: ${report.failed} ${errors}`.trim());
  }
  const { blob, queue, table } = report.ready;
  const [blobUrl, queueUrl, tableUrl] = [blob, queue, table].map((url) => `${url}/${ACCOUNT}`) as [
    string,
    string,
    string,
  ];
  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${key};BlobEndpoint=${blobUrl};QueueEndpoint=${queueUrl};TableEndpoint=${tableUrl};`,
    blobUrl,
    queueUrl,
    tableUrl,
    pid: child.pid ?? 0,
    ended,
    stop: async () => {
      if (child.connected) child.send('stop', () => undefined);
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

async function firstReport(
  child: ReturnType<typeof fork>,
  ended: Promise<number | null>,
): Promise<StorageReport> {
  const signal = AbortSignal.timeout(START_DEADLINE_MS);
  const died = ended.then((code): StorageReport => ({ failed: `it ended with code ${code}.` }));
  const spoke = once(child, 'message', { signal }).then(
    ([report]) => report as StorageReport,
    (): StorageReport => ({ failed: `no answer within ${START_DEADLINE_MS / 1000} s.` }),
  );
  return Promise.race([spoke, died]);
}
