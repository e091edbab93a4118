import { type HostLog, FunctionApp, type RegisteredFunction } from './app.ts';
import { BlobFunction } from './blobTrigger.ts';
import { BlobTriggers } from './blobQueue.ts';
import type { InvocationRequest, InvocationResponse } from './coreTypes.ts';
import { type HostConfig, readHostConfig } from './hostConfig.ts';
import {
  type HostContext,
  type HostTimes,
  type Listener,
  StorageAccounts,
  triggerOf,
} from './hostContext.ts';
import { type HttpServer, serveRequests } from './httpServer.ts';
import { serveQueue } from './queueTrigger.ts';
import type { Settings } from './settings.ts';
import { serveTimer } from './timerTrigger.ts';

export type HostOptions = {
  /** Where host.json, package.json and what `main` names lie. */
  readonly appFolder: string;
  readonly settings: Settings;
  readonly times: HostTimes;
  /** A GUID that stays the same when the process is started again. */
  readonly instanceId: string;
  /** 0: any free port of loopback. */
  readonly port: number;
  readonly log: HostLog;
  /** Called as an invocation begins and ends. */
  readonly onInvocation: (event: 'started' | 'succeeded' | 'failed', functionName: string) => void;
  /** Called when an invocation ran longer than functionTimeout: the process must end, as the worker's would. */
  readonly onTimeout: (functionName: string) => void;
};

/** How long the app has to finish when it is told to end; the same in Azure. */
const GRACE_MS = 5_000;

/**
 * Stands in for the Azure Functions host: loads a built app and serves its blob, queue, timer and HTTP triggers.
 * Knows nothing of the app but what it registers.
 */
export class FunctionHost {
  readonly #app: FunctionApp;
  readonly #storage: StorageAccounts;
  readonly #running = new Set<Promise<unknown>>();
  readonly #listeners: Listener[] = [];
  readonly #options: HostOptions;
  #server: HttpServer | undefined;

  private constructor(options: HostOptions, app: FunctionApp) {
    this.#options = options;
    this.#app = app;
    this.#storage = new StorageAccounts(options.settings);
  }

  /** @throws {Error} when the app cannot be loaded or asks for what is not set or not served here */
  static async start(options: HostOptions): Promise<FunctionHost> {
    const config = await readHostConfig(options.appFolder);
    const host = new FunctionHost(options, await FunctionApp.load(options.appFolder, options.log));
    await host.#serve(config);
    return host;
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  /** Takes no more work, runs the appTerminate hooks and waits for what is running; 5 s at most. */
  async stop(): Promise<void> {
    const ended = Promise.all([
      ...this.#listeners.map((listener) => listener.stop()),
      this.#app.terminate(),
      ...this.#running,
    ]);
    const { promise: timeout, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, GRACE_MS);
    await Promise.race([ended, timeout]).catch((error: unknown) => {
      this.#options.log('error', 'host', `while ending: ${(error as Error).message}`);
    });
    clearTimeout(timer);
    await this.#server?.stop();
    this.#storage.close();
  }

  async #serve(config: HostConfig): Promise<void> {
    const { settings, times, instanceId, log } = this.#options;
    const context: HostContext = {
      config,
      settings,
      times,
      hostId: settings['AzureFunctionsWebHost__hostid'] ?? 'local',
      instanceId,
      log,
      storage: this.#storage,
      invoke: (fn, request) => this.#track(fn, request, config.functionTimeoutMs),
    };
    const enabled = this.#app.functions.filter(
      ({ metadata }) => !/^(?:true|1)$/i.test(settings[`AzureWebJobs.${metadata.name}.Disabled`] ?? ''),
    );
    const blobFunctions: BlobFunction[] = [];
    const starts: (() => Listener)[] = [];
    for (const fn of enabled) {
      const { type } = triggerOf(fn);
      if (type === 'blobTrigger') blobFunctions.push(new BlobFunction(context, fn));
      else if (type === 'queueTrigger') starts.push(() => serveQueue(context, fn));
      else if (type === 'timerTrigger') starts.push(() => serveTimer(context, fn));
      else if (type !== 'httpTrigger')
        throw new Error(`Function ${fn.metadata.name}: ${type} is not served locally.`);
    }
    const blobs = new BlobTriggers(context, blobFunctions);
    this.#listeners.push(blobs, ...starts.map((start) => start()));
    await blobs.start();
    this.#server = await serveRequests(context, enabled, blobs, this.#options.port);
  }

  async #track(
    fn: RegisteredFunction,
    request: InvocationRequest,
    timeoutMs: number,
  ): Promise<InvocationResponse> {
    const { onInvocation, onTimeout } = this.#options;
    const { name } = fn.metadata;
    onInvocation('started', name);
    const timer = Number.isFinite(timeoutMs) ? setTimeout(() => onTimeout(name), timeoutMs) : undefined;
    const invocation = this.#app.invoke(fn, request);
    this.#running.add(invocation);
    try {
      const response = await invocation;
      onInvocation('succeeded', name);
      return response;
    } catch (error) {
      onInvocation('failed', name);
      throw error;
    } finally {
      clearTimeout(timer);
      this.#running.delete(invocation);
    }
  }
}
