import type { Random } from '../../shared/clock.ts';
import type { ConnectorClient } from '../../shared/connector/types.ts';
import { pushChunk, type PushResult } from '../../shared/delivery/pushChunk.ts';
import { chunkMessageOf } from '../../shared/ledger/chunkMessage.ts';
import { pushServices, type PushServices } from '../../shared/delivery/services.ts';
import { DEFAULT_PUSH_SETTINGS, type PushSettings } from '../../shared/delivery/settings.ts';
import { fromExportTableRow } from '../../shared/ledger/exportRows.ts';
import { FINAL_EXPORT_STATES, type ExportRow } from '../../shared/ledger/model.ts';
import { DEFAULT_SPLIT_SETTINGS } from '../../shared/export/services.ts';
import { DEFAULT_SWEEP_SETTINGS, sweepLedger, type SweepServices } from '../../shared/export/sweep.ts';
import type { Log, LogFields } from '../../shared/log.ts';
import { observedClient } from '../../shared/telemetry/observedClient.ts';
import { NO_TELEMETRY } from '../../shared/telemetry/telemetry.ts';
import { makeExport, type ExportShape, type MadeExport } from './deliveryExport.ts';
import { KillableProcess } from './killable.ts';
import { MemoryBlobs, MemoryQueue, MemoryTable } from './memoryStores.ts';
import { SimulatedService, type ServiceOptions } from './simulatedService.ts';
import { seededRandom, VirtualClock } from './virtualClock.ts';

/** One call of a port by a process: `before` it has any effect, or `after`, when only its answer is under way. */
export type PortCall = { readonly process: string; readonly port: string; readonly when: 'before' | 'after' };

/** What happens at a port call: throw what the caller shall meet, or `crash` the process. */
export type PortFault = (call: PortCall, crash: () => void) => void | Promise<void>;

export type WorldOptions = {
  readonly seed: number;
  readonly processes?: number;
  /** Messages a process works on at once, as host.json's batchSize. */
  readonly batchSize?: number;
  readonly settings?: Partial<PushSettings>;
  readonly service?: Partial<ServiceOptions>;
  readonly fault?: PortFault;
};

const POISON_AFTER = 5;
const POLL_MS = 20_000;
const SWEEP_MS = 60_000;
const RESTART_MS = 5_000;

/** An error of the storage service, as its client throws it. */
export class StorageFault extends Error {
  readonly statusCode = 503;
}

/** Processes with their host, queue, ledger and the connector's service, in virtual time and repeatable by seed. */
export class DeliveryWorld {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly service: SimulatedService;
  readonly blobs = new MemoryBlobs({ clock: this.clock });
  readonly queue = new MemoryQueue('chunks', { clock: this.clock });
  readonly tables = {
    exports: new MemoryTable('exports'),
    chunks: new MemoryTable('chunks'),
    connectors: new MemoryTable('connectors'),
    contents: new MemoryTable('contents'),
    marks: new MemoryTable('marks'),
  };
  readonly logged: { readonly event: string; readonly fields: LogFields }[] = [];
  /** What failed for another reason than a fault put in. */
  readonly poisoned: unknown[] = [];
  readonly results: PushResult[] = [];
  readonly exports: MadeExport[] = [];
  readonly settings: PushSettings;
  readonly #options: WorldOptions;
  #started = 0;
  #ended = false;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.random = seededRandom(options.seed);
    this.settings = { ...DEFAULT_PUSH_SETTINGS, ...options.settings };
    this.service = new SimulatedService({
      clock: this.clock,
      random: this.random,
      latency: () => 50 + 200 * this.random(),
      ...options.service,
    });
  }

  /** Put an export in and queue its chunks. */
  async export(shape: ExportShape): Promise<MadeExport> {
    const made = await makeExport({ blobs: this.blobs, ...this.tables }, shape, this.random);
    this.exports.push(made);
    for (const chunk of made.chunks) await this.queue.send(chunkMessageOf(chunk, made.row));
    return made;
  }

  /** Start processes and sweep, and let time pass until every export has ended; false when `ms` were not enough. */
  async deliver(ms = 3 * 86_400_000): Promise<boolean> {
    this.start();
    // Looked at only when something may have changed: the question is asked at every step of time.
    let seen = -1;
    const ended = (): boolean => {
      const version = this.tables.exports.version;
      if (version === seen) return false;
      seen = version;
      return this.exports.every(({ row }) => FINAL_EXPORT_STATES.has(this.exportRow(row).state));
    };
    const done = await this.clock.run(ended, ms);
    this.stop();
    return done;
  }

  /** {@link deliver} once more, after it gave up or an export was opened again. */
  resume(ms: number): Promise<boolean> {
    this.#ended = false;
    return this.deliver(ms);
  }

  start(): void {
    for (let i = 0; i < (this.#options.processes ?? 1); i++) this.startProcess();
    void this.#sweep();
  }

  stop(): void {
    this.#ended = true;
  }

  /** The export as the ledger has it. */
  exportRow({ connectorKey, exportId }: Pick<ExportRow, 'connectorKey' | 'exportId'>): ExportRow {
    const found = this.tables.exports
      .rows()
      .find(({ row }) => row.partitionKey === connectorKey && row.rowKey === exportId);
    return fromExportTableRow(found!.row);
  }

  /** Services of a process of its own; after `crash` nothing it begins ever ends. */
  process(crash: () => void = () => undefined): {
    readonly services: PushServices;
    readonly alive: () => boolean;
    readonly stopping: AbortController;
  } {
    const name = `p${++this.#started}`;
    const stopping = new AbortController();
    let alive = true;
    const die = (): void => {
      if (!alive) return;
      alive = false;
      crash();
    };
    const at = async (port: string, when: PortCall['when']): Promise<void> => {
      if (!alive) await never();
      await this.#options.fault?.({ process: name, port, when }, die);
      if (!alive) await never();
    };
    const client = this.service.client(name);
    const services = pushServices({
      tables: {
        exports: watched(this.tables.exports, 'exports', at),
        chunks: watched(this.tables.chunks, 'chunks', at),
        connectors: watched(this.tables.connectors, 'connectors', at),
      },
      blobs: watched(this.blobs, 'blobs', at),
      queue: watched(this.queue, 'queue', at),
      clock: this.clock,
      random: this.random,
      log: this.#log(),
      settings: this.settings,
      instance: name,
      stopping: stopping.signal,
      // As the app has it: behind the telemetry.
      clientOf: (connector) =>
        observedClient(watchedClient(client, at), { connector, telemetry: NO_TELEMETRY, limit: () => 0 }),
    });
    return { services, alive: () => alive, stopping };
  }

  /** What the sweep and an operator's requests are given, in a process that meets no faults but may be killed. */
  splitServices(process = new KillableProcess()): SweepServices {
    const reached = Object.entries(this.tables).map(([name, table]) => [name, process.reach(table)]);
    const owner = `o${++this.#started}`;
    let owners = 0;
    return {
      tables: Object.fromEntries(reached) as SweepServices['tables'],
      blobs: process.reach(this.blobs),
      queue: process.reach(this.queue),
      clock: this.clock,
      log: this.#log(),
      settings: DEFAULT_SPLIT_SETTINGS,
      sweep: DEFAULT_SWEEP_SETTINGS,
      newOwner: () => `${owner}x${++owners}`,
      rulesOf: () => Promise.resolve(undefined),
      planExport: () => {
        throw new Error('Exports are put in as split.');
      },
    };
  }

  /** A process with its host: takes messages off the queue, starts anew some seconds after a crash. */
  startProcess(): void {
    const { services, alive } = this.process(() => {
      void this.clock.sleep(RESTART_MS).then(() => this.startProcess());
    });
    for (let i = 0; i < (this.#options.batchSize ?? 2); i++) void this.#work(services, alive);
  }

  async #work(services: PushServices, alive: () => boolean): Promise<void> {
    while (alive() && !this.#ended) {
      const received = this.queue.receive();
      if (received === undefined) {
        // Looks less often the longer the wait: polling days of silence takes long even in virtual time.
        const wait = (this.queue.nextVisibleAt() ?? this.clock.now() + POLL_MS) - this.clock.now();
        await this.clock.sleep(Math.min(POLL_MS, Math.max(100, wait)) * (1 + this.random()));
        continue;
      }
      try {
        const result = await pushChunk(received.message, services);
        if (!alive()) return;
        this.results.push(result);
        received.done();
      } catch (error) {
        // With the queue itself out of reach a message may be lost to the poison queue; the sweep sends it anew.
        if (!(error instanceof StorageFault)) this.poisoned.push(error);
        if (received.dequeueCount >= POISON_AFTER) received.done();
      }
    }
  }

  async #sweep(): Promise<void> {
    const services = this.splitServices();
    while (!this.#ended) {
      await this.clock.sleep(SWEEP_MS);
      await sweepLedger(services);
    }
  }

  #log(): Log {
    const add = (event: string, fields: LogFields = {}): void => void this.logged.push({ event, fields });
    return { debug: add, info: add, warn: add, error: add };
  }
}

/** A store whose every call passes `at` before and after. */
function watched<Store extends object>(
  store: Store,
  port: string,
  at: (port: string, when: PortCall['when']) => Promise<void>,
): Store {
  return new Proxy(store, {
    get(target, name) {
      const method = Reflect.get(target, name, target) as unknown;
      if (typeof method !== 'function') return method;
      const call = (...args: unknown[]): unknown =>
        (method as (...args: unknown[]) => unknown).apply(target, args);
      const where = `${port}.${String(name)}`;
      if (name === 'list' || name === 'listDeleted' || name === 'read') {
        return async function* (...args: unknown[]): AsyncGenerator {
          await at(where, 'before');
          yield* call(...args) as AsyncIterable<unknown>;
          await at(where, 'after');
        };
      }
      return async (...args: unknown[]): Promise<unknown> => {
        await at(where, 'before');
        const result = await (call(...args) as Promise<unknown>);
        await at(where, 'after');
        return result;
      };
    },
  });
}

function watchedClient(
  client: ConnectorClient,
  at: (port: string, when: PortCall['when']) => Promise<void>,
): ConnectorClient {
  return {
    ...client,
    async prepare(signal) {
      await at('service.prepare', 'before');
      const preparation = await client.prepare(signal);
      await at('service.prepare', 'after');
      if (preparation?.kind !== 'ready') return preparation;
      const { request } = preparation;
      const send: typeof request.send = async (body, mayBegin) => {
        await at('service.send', 'before');
        const outcome = await request.send(body, mayBegin);
        await at('service.send', 'after');
        return outcome;
      };
      return { kind: 'ready', request: { ...request, send } };
    },
  };
}

const never = (): Promise<never> => new Promise(() => undefined);
