import type { HookCallback, HookContext, HookName } from './coreTypes.ts';

const NAMES: ReadonlySet<string> = new Set<HookName>([
  'appStart',
  'appTerminate',
  'preInvocation',
  'postInvocation',
  'log',
]);

/** The hooks an app registered, run in the order of their registration. */
export class Hooks {
  /** One object for the whole life of the app: what a hook puts there, later ones see. */
  readonly appHookData: HookContext = {};
  readonly #callbacks = new Map<string, Set<HookCallback>>();

  /** @throws {RangeError} for a name the worker does not know; the library relies on that */
  register(name: string, callback: HookCallback): Disposable & { dispose(): void } {
    if (!NAMES.has(name)) throw Object.assign(new RangeError(`Unrecognized hook "${name}"`), SYSTEM_ERROR);
    const callbacks = this.#callbacks.get(name) ?? new Set();
    this.#callbacks.set(name, callbacks.add(callback));
    const dispose = (): void => void callbacks.delete(callback);
    return { dispose, [Symbol.dispose]: dispose };
  }

  async run(name: HookName, context: HookContext): Promise<void> {
    for (const callback of this.#callbacks.get(name) ?? []) await callback(context);
  }

  /** Log hooks cannot wait: a log call returns at once. */
  runSync(name: 'log', context: HookContext): void {
    for (const callback of this.#callbacks.get(name) ?? []) callback(context);
  }
}

const SYSTEM_ERROR = { isAzureFunctionsSystemError: true };
