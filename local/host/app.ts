import { randomBytes, randomUUID } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import Module from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type {
  FunctionCallback,
  FunctionMetadata,
  HookCallback,
  HookContext,
  InvocationRequest,
  InvocationResponse,
  LogLevel,
  ProgrammingModel,
} from './coreTypes.ts';
import { Hooks } from './hooks.ts';

/** Where the lines of the host, the library and the functions go. `source` is a function's name, or `host`. */
export type HostLog = (level: LogLevel, source: string, message: string) => void;

/** A function as the app registered it. */
export type RegisteredFunction = { readonly metadata: FunctionMetadata; readonly callback: FunctionCallback };

/** Worker version shown to the library; it only reports it. */
const WORKER_VERSION = '3.9.1';

/**
 * An app of the v4 programming model, loaded into this process as the Node.js language worker would load it.
 * One app a process: the library keeps what was registered in a singleton.
 */
export class FunctionApp {
  readonly #functions = new Map<string, RegisteredFunction>();
  readonly #hooks = new Hooks();
  readonly #log: HostLog;
  #model: ProgrammingModel | undefined;
  #registering = true;

  private constructor(log: HostLog) {
    this.#log = log;
  }

  /**
   * Loads the entry points that `main` of package.json names (a glob), then runs the appStart hooks.
   * @throws whatever an entry point throws, and {Error} when it registers nothing or two functions of one name
   */
  static async load(folder: string, log: HostLog): Promise<FunctionApp> {
    const app = new FunctionApp(log);
    app.#provideCore();
    const { main } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { main?: string };
    if (main === undefined)
      throw new Error(`${join(folder, 'package.json')} names no "main": nothing to load.`);
    for await (const file of glob(main, { cwd: folder })) {
      await import(pathToFileURL(join(folder, file)).href);
    }
    if (app.#functions.size === 0 || app.#model === undefined) {
      throw new Error(
        `No function was registered by "${main}" in ${folder}. Build the app first: npm run build.`,
      );
    }
    await app.#hooks.run('appStart', { ...app.#hookContext(), functionAppDirectory: folder });
    await app.#model.getCapabilities({});
    app.#registering = false;
    return app;
  }

  get functions(): readonly RegisteredFunction[] {
    return [...this.#functions.values()];
  }

  /** Runs a function once, hooks included. @throws what the function, or a hook, threw */
  async invoke(
    { metadata, callback }: RegisteredFunction,
    request: InvocationRequest,
  ): Promise<InvocationResponse> {
    const invocation = {
      invocationId: randomUUID(),
      metadata,
      request: { ...request, traceContext: newTraceContext() },
      state: undefined as string | undefined,
      log: (level: LogLevel, category: string, message: string) => {
        this.#write(level, category, message, metadata.name, hookData);
      },
    };
    const hookData: HookContext = {};
    const model = (this.#model as ProgrammingModel).getInvocationModel(invocation);
    const { context, inputs } = await model.getArguments();

    invocation.state = 'preInvocationHooks';
    const before = {
      ...this.#hookContext(hookData),
      invocationContext: context,
      inputs,
      functionCallback: callback,
    };
    await this.#hooks.run('preInvocation', before);

    invocation.state = 'invocation';
    const after: HookContext = {
      ...this.#hookContext(hookData),
      invocationContext: context,
      inputs: before.inputs,
    };
    try {
      after['result'] = await model.invokeFunction(context, before.inputs, before.functionCallback);
    } catch (error) {
      after['error'] = error;
    }

    invocation.state = 'postInvocationHooks';
    await this.#hooks.run('postInvocation', after);
    if (after['error'] !== undefined && after['error'] !== null) throw after['error'] as Error;
    return model.getResponse(context, after['result']);
  }

  /** Runs the appTerminate hooks: the last chance of the app to write what it knows. */
  async terminate(): Promise<void> {
    await this.#hooks.run('appTerminate', this.#hookContext());
  }

  /** Without `@azure/functions-core` the library takes itself to be in a unit test and ignores registrations. */
  #provideCore(): void {
    const core = {
      version: WORKER_VERSION,
      hostVersion: '4.0.0',
      setProgrammingModel: (model: ProgrammingModel) => (this.#model = model),
      getProgrammingModel: () => this.#model,
      registerFunction: (metadata: FunctionMetadata, callback: FunctionCallback) =>
        this.#register(metadata, callback),
      registerHook: (name: string, callback: HookCallback) => this.#hooks.register(name, callback),
      log: (level: LogLevel, category: string, message: string) =>
        this.#write(level, category, message, 'host'),
    };
    const prototype: { require: (id: string) => unknown } = Module.prototype;
    const original = prototype.require;
    prototype.require = Object.assign(function (this: Module, id: string): unknown {
      return id === '@azure/functions-core' ? core : original.call(this, id);
    }, original);
  }

  #register(metadata: FunctionMetadata, callback: FunctionCallback): Disposable & { dispose(): void } {
    const { name } = metadata;
    if (!this.#registering) throw new Error(`Function ${name} was registered after the app had started.`);
    if (this.#functions.has(name)) throw new Error(`Two functions are named ${name}.`);
    this.#functions.set(name, { metadata, callback });
    const dispose = (): void => void this.#functions.delete(name);
    return { dispose, [Symbol.dispose]: dispose };
  }

  #write(level: LogLevel, category: string, message: string, source: string, hookData?: HookContext): void {
    const context = { ...this.#hookContext(hookData), level, category, message };
    this.#hooks.runSync('log', context);
    this.#log(context.level, source, context.message);
  }

  #hookContext(
    hookData: HookContext = {},
  ): HookContext & { hookData: HookContext; appHookData: HookContext } {
    return { hookData, appHookData: this.#hooks.appHookData };
  }
}

function newTraceContext(): { traceParent: string; traceState: string; attributes: Record<string, string> } {
  const traceParent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
  return { traceParent, traceState: '', attributes: {} };
}
