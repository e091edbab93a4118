/**
 * What passes between a host and an app of the v4 programming model. The library declares these types in a package that
 * only the language worker has (`@azure/functions-core`), so the part used here is written down once more.
 */

/** A value on its way into or out of a function. Exactly one property is set. */
export type TypedData = {
  readonly string?: string;
  readonly json?: string;
  readonly bytes?: Uint8Array;
  readonly int?: number;
  readonly http?: HttpData;
  readonly modelBindingData?: ModelBindingData;
};

/** A reference that the app turns into a client: see `sdkBinding`. */
export type ModelBindingData = {
  readonly version: string;
  readonly source: string;
  readonly contentType: string;
  readonly content: Buffer;
};

export type HttpData = {
  readonly url?: string;
  readonly method?: string;
  readonly statusCode?: string;
  readonly headers?: Record<string, string>;
  readonly query?: Record<string, string>;
  readonly params?: Record<string, string>;
  readonly body?: TypedData | null;
};

/** One binding of a function, as registered: its own properties beside the common ones. */
export type Binding = {
  readonly type: string;
  readonly name: string;
  readonly direction: 'in' | 'out';
  readonly properties?: Record<string, string>;
  readonly [option: string]: unknown;
};

export type FunctionMetadata = { readonly name: string; readonly bindings: Record<string, Binding> };
export type FunctionCallback = (...args: unknown[]) => unknown;
export type LogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';

export type HookName = 'appStart' | 'appTerminate' | 'preInvocation' | 'postInvocation' | 'log';
export type HookContext = Record<string, unknown>;
export type HookCallback = (context: HookContext) => unknown;

/** What a trigger hands to a function. */
export type InvocationRequest = {
  readonly inputData: readonly { readonly name: string; readonly data: TypedData }[];
  readonly triggerMetadata: Record<string, TypedData>;
};

export type InvocationResponse = {
  readonly outputData?: readonly { readonly name: string; readonly data: TypedData }[];
  readonly returnValue?: TypedData | null;
};

export type InvocationModel = {
  getArguments(): Promise<{ context: object; inputs: unknown[] }>;
  invokeFunction(context: object, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: object, result: unknown): Promise<InvocationResponse>;
};

export type ProgrammingModel = {
  readonly name: string;
  getCapabilities(known: Record<string, string>): Promise<Record<string, string>>;
  getInvocationModel(context: object): InvocationModel;
};
