import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { HostTimes } from './hostContext.ts';
import { HOST_START, type HostReport, type HostStart } from './messages.ts';

export type FunctionsOptions = {
  /** Where host.json, package.json and the built app lie. */
  readonly appFolder: string;
  /** Program of the functions process: the built local/host/process.ts. */
  readonly entry: string;
  /** App settings; the process gets nothing else but what Node needs from this environment. */
  readonly settings: Readonly<Record<string, string>>;
  readonly times?: Partial<HostTimes>;
  /**
   * Which one this is of the processes that serve the same storage at once, from 0 (the default). A later process of the same
   * number has the locks of one that was killed at once, instead of after 15 s.
   */
  readonly instance?: number;
  /** 0 or absent: any free port of loopback; a restarted process has another. */
  readonly port?: number;
  /** Flags for V8 or Node, e.g. `--max-old-space-size=64`. */
  readonly execArgv?: readonly string[];
  /** What the process prints is added to this file; absent: thrown away. */
  readonly logFile?: string;
  /** Called whenever an invocation begins or ends. */
  readonly onInvocation?: (event: 'started' | 'succeeded' | 'failed', functionName: string) => void;
  /** Called when the process died unasked, before it is started again. */
  readonly onRestart?: (restarts: number) => void;
};

/** The functions process, kept running. */
export type Functions = {
  /** Of the present process. */
  readonly pid: number;
  /** Of its HTTP server on loopback. */
  readonly port: number;
  readonly restarts: number;
  /** Highest resident memory of any of the processes so far, MiB. */
  readonly peakRssMb: number;
  /** Rejects when the process cannot be started again; never resolves otherwise. */
  readonly failed: Promise<never>;
  /** Ends it gracefully; killed after 10 s. */
  stop(): Promise<void>;
  /** SIGKILL, without a restart. */
  kill(): Promise<void>;
};

const DEFAULT_TIMES: HostTimes = { pollMs: 100, invisibilityMs: 30_000 };
/** The young generation that V8 gives itself on the smallest instance (512 MB); left alone it goes by this machine's memory. */
const SMALL_INSTANCE = ['--max-semi-space-size=2'];
/** As the template and the image set it: glibc else keeps freed memory in an arena for every thread and hands little of it back. */
const FEW_ARENAS = { MALLOC_ARENA_MAX: '2' };
const STOP_DEADLINE_MS = 10_000;
const START_DEADLINE_MS = 60_000;
/** Pause before a restart, growing while the process keeps dying young. */
const RESTART_DELAY_MS = 50;
const MAX_RESTART_DELAY_MS = 5_000;
const YOUNG_MS = 10_000;
/** Of the surrounding environment: what a program needs to run at all. No setting of the app comes from there. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TEMP',
  'SystemRoot',
  'LANG',
  'NODE_EXTRA_CA_CERTS',
  'NODE_COMPILE_CACHE',
];

/**
 * Runs an app under the local host in a process (and process group) of its own, and starts it again when it dies.
 * @throws {Error} when the app cannot be loaded: the message is the app's own
 */
export async function startFunctions(options: FunctionsOptions): Promise<Functions> {
  const supervisor = new Supervisor(options);
  await supervisor.start();
  return supervisor;
}

/** Ended by a signal while starting: nothing is wrong with the app. */
class KilledError extends Error {}

class Supervisor implements Functions {
  readonly #options: FunctionsOptions;
  readonly #failure = Promise.withResolvers<never>();
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  #port = 0;
  #restarts = 0;
  #peakRssBytes = 0;
  #youngDeaths = 0;
  #ending = false;

  constructor(options: FunctionsOptions) {
    this.#options = options;
    this.#failure.promise.catch(() => undefined);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }
  get port(): number {
    return this.#port;
  }
  get restarts(): number {
    return this.#restarts;
  }
  get peakRssMb(): number {
    return Math.round((this.#peakRssBytes / 1024 / 1024) * 10) / 10;
  }
  get failed(): Promise<never> {
    return this.#failure.promise;
  }

  /** Until ready: a process killed while it starts is started again. */
  async start(): Promise<void> {
    for (;;) {
      try {
        return await this.#launch();
      } catch (error) {
        if (this.#ending || !(error instanceof KilledError)) throw error;
        await this.#backOff(0);
      }
    }
  }

  async stop(): Promise<void> {
    this.#ending = true;
    const child = this.#child;
    if (child?.connected) child.send('stop', () => undefined);
    const timer = setTimeout(() => child?.kill('SIGKILL'), STOP_DEADLINE_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  async kill(): Promise<void> {
    this.#ending = true;
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  async #launch(): Promise<void> {
    const startedAt = performance.now();
    const child = this.#spawn();
    this.#child = child;
    this.#exited = once(child, 'exit');
    const ready = Promise.withResolvers<void>();
    child.on('message', (message) => this.#hear(message as HostReport, ready));
    child.once('exit', (code, signal) => {
      const cause = `The functions process ended while starting (${signal ?? `code ${code}`}).`;
      ready.reject(signal === null ? new Error(cause) : new KilledError(cause));
    });
    const timer = setTimeout(() => {
      ready.reject(new Error(`The functions process was not ready within ${START_DEADLINE_MS / 1000} s.`));
      child.kill('SIGKILL');
    }, START_DEADLINE_MS);
    await ready.promise.finally(() => clearTimeout(timer));
    child.once('exit', () => void this.#restart(performance.now() - startedAt));
  }

  async #restart(livedMs: number): Promise<void> {
    if (this.#ending) return;
    try {
      await this.#backOff(livedMs);
      if (!this.#ending) await this.start();
    } catch (error) {
      if (!this.#ending) this.#failure.reject(error);
    }
  }

  async #backOff(livedMs: number): Promise<void> {
    this.#restarts += 1;
    this.#youngDeaths = livedMs < YOUNG_MS ? this.#youngDeaths + 1 : 0;
    this.#options.onRestart?.(this.#restarts);
    await delay(Math.min(RESTART_DELAY_MS * (2 ** this.#youngDeaths - 1), MAX_RESTART_DELAY_MS));
  }

  #hear(report: HostReport, ready: PromiseWithResolvers<void>): void {
    switch (report.kind) {
      case 'ready':
        this.#port = report.port;
        ready.resolve();
        break;
      case 'loadFailed':
        ready.reject(new Error(report.message));
        break;
      case 'invocation':
        this.#options.onInvocation?.(report.event, report.functionName);
        break;
      case 'memory':
        this.#peakRssBytes = Math.max(this.#peakRssBytes, report.peakRssBytes);
        break;
    }
  }

  #spawn(): ChildProcess {
    const {
      appFolder,
      entry,
      settings,
      times,
      instance = 0,
      port = 0,
      execArgv = [],
      logFile,
    } = this.#options;
    const start: HostStart = {
      appFolder,
      times: { ...DEFAULT_TIMES, ...times },
      instanceId: instanceId(instance),
      port,
    };
    const passedOn = PASSED_ON.flatMap((name) =>
      process.env[name] === undefined ? [] : [[name, process.env[name]]],
    );
    const output = logFile === undefined ? 'ignore' : openLog(logFile);
    try {
      return fork(entry, [], {
        detached: true,
        windowsHide: true,
        execArgv: [...SMALL_INSTANCE, ...execArgv],
        env: {
          ...Object.fromEntries(passedOn),
          ...FEW_ARENAS,
          ...settings,
          [HOST_START]: JSON.stringify(start),
        },
        stdio: ['ignore', output, output, 'ipc'],
      });
    } finally {
      if (typeof output === 'number') closeSync(output);
    }
  }
}

/** A GUID, as the ids of leases are. */
function instanceId(instance: number): string {
  return `00000000-0000-4000-8000-${String(instance).padStart(12, '0')}`;
}

function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, 'a');
}
