import type { HostLog, RegisteredFunction } from './app.ts';
import { Container } from './blobService.ts';
import type { Binding, InvocationRequest, InvocationResponse } from './coreTypes.ts';
import type { HostConfig } from './hostConfig.ts';
import { Queue } from './queueService.ts';
import { connectionString, HOST_STORAGE, type Settings } from './settings.ts';
import { StorageService } from './storageRest.ts';

/** How the local host differs from the real one: shorter times. */
export type HostTimes = {
  /** Longest pause between two looks at a queue or a container, ms. */
  readonly pollMs: number;
  /** How long a message stays hidden while it is worked on, ms; renewed at half. 10 minutes in Azure. */
  readonly invisibilityMs: number;
};

/** The container of the host's own blobs. */
export const HOST_CONTAINER = 'azure-webjobs-hosts';

/** What a trigger needs of the host. */
export type HostContext = {
  readonly config: HostConfig;
  readonly settings: Settings;
  readonly times: HostTimes;
  /** Names the host's own queues and blobs: the same for all processes that serve one app. */
  readonly hostId: string;
  /** A GUID, kept over restarts of one process, different in each of several processes. */
  readonly instanceId: string;
  readonly log: HostLog;
  readonly storage: StorageAccounts;
  invoke(fn: RegisteredFunction, request: InvocationRequest): Promise<InvocationResponse>;
};

/** A trigger at work. */
export type Listener = {
  /** Takes no more work; resolves once what is in hand is finished. */
  stop(): Promise<void>;
};

/** Queues and containers by the name of the setting that holds their connection string. */
export class StorageAccounts {
  readonly #settings: Settings;
  readonly #services = new Map<string, StorageService>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  queue(connection: string | undefined, name: string, where: string): Queue {
    return new Queue(this.#service(connection, 'queue', where), name);
  }

  container(connection: string | undefined, name: string, where: string): Container {
    return new Container(this.#service(connection, 'blob', where), name);
  }

  close(): void {
    for (const service of this.#services.values()) service.close();
  }

  #service(connection = HOST_STORAGE, kind: 'blob' | 'queue', where: string): StorageService {
    const key = `${kind} ${connection}`;
    const known = this.#services.get(key);
    if (known !== undefined) return known;
    const service = new StorageService(connectionString(connection, this.#settings, where), kind);
    this.#services.set(key, service);
    return service;
  }
}

/** The binding that starts a function. */
export function triggerOf({ metadata }: RegisteredFunction): Binding {
  const trigger = Object.values(metadata.bindings).find(({ type }) => type.toLowerCase().endsWith('trigger'));
  if (trigger === undefined) throw new Error(`Function ${metadata.name} has no trigger.`);
  return trigger;
}

/** The id by which the real host names a function in its queues, receipts and locks. */
export function functionId({ metadata }: RegisteredFunction): string {
  return `Host.Functions.${metadata.name}`;
}
