import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { QueueClient } from '@azure/storage-queue';
import { HOST_PROGRAM } from '../../local/build/build.ts';
import { appSettingsFor } from '../../local/cli/appSettings.ts';
import { LedgerView, type ExportView } from '../../local/cli/ledgerView.ts';
import { openLocal } from '../../local/cli/stack.ts';
import { startFunctions, type Functions } from '../../local/host/supervisor.ts';
import { startSimulator } from '../../local/simulator/simulator.ts';
import type { JournalEntry, Simulator, SimulatorOptions } from '../../local/simulator/types.ts';
import {
  connectorKey,
  CONTAINERS,
  exportId,
  FINAL_EXPORT_STATES,
  QUEUES,
  TABLES,
} from '../../shared/ledger/model.ts';
import type { DayStatus } from '../../shared/report/types.ts';
import type { Storage } from '../../shared/storage/azureStorage.ts';
import { FaultProxy } from './faultProxy.ts';
import { CANARY, type IssuedExport } from './issuedExport.ts';
import { until } from './processes.ts';
import { Wiretap } from './wiretap.ts';

/** Where a cell finds its part of the emulator. */
export type CellPlace = {
  readonly account: string;
  readonly key: string;
  readonly blob: string;
  readonly queue: string;
  readonly table: string;
  readonly appFolder: string;
  readonly folder: string;
};

export type CellOptions = {
  /** Functions processes at work on the same storage. */
  readonly processes?: number;
  /** Settings of the app other than {@link QUICK}. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly simulator?: SimulatorOptions;
};

export const CONNECTOR = 'healthcare';
export const RECORDS_PER_REQUEST = 5;
export const CHUNK_RECORDS = 15;
/** How long the messages of a process that died stay hidden, ms. */
const INVISIBILITY_MS = 2_000;
const POLL_MS = 200;
/** Nothing here takes longer unless it stands still. */
const DEADLINE_MS = 240_000;

/** Times as short as the app allows, so that an outage is over in seconds. */
const QUICK: Readonly<Record<string, string>> = {
  CHUNK_RECORDS: String(CHUNK_RECORDS),
  RECORDS_PER_REQUEST: String(RECORDS_PER_REQUEST),
  MAX_IN_FLIGHT: '4',
  MAX_IN_FLIGHT_TOTAL: '32',
  CLAIM_SECONDS: '3',
  SWEEP_SCHEDULE: '* * * * * *',
  SWEEP_GRACE_SECONDS: '1',
  BACKOFF_BASE_MS: '20',
  BACKOFF_MAX_MS: '1000',
  PROBE_SECONDS: '1',
  REQUEST_DEADLINE_SECONDS: '2',
  CONNECTOR_HEALTHCARE_MAPPING: JSON.stringify({ refusedShareCeiling: 1 }),
};

/** The built app in processes of its own on an account of its own, with a fault proxy before its storage and its connector. */
export class FaultCell {
  readonly proxy: FaultProxy;
  readonly simulator: Simulator;
  readonly tap: Wiretap;
  /** Past the proxy. */
  readonly storage: Storage;
  readonly ledger: LedgerView;
  readonly connectionString: string;
  readonly receivedFolder: string;
  readonly #place: CellPlace;
  readonly #settings: Readonly<Record<string, string>>[];
  readonly #functions: Functions[] = [];
  #restarts: Promise<void> = Promise.resolve();

  private constructor(
    place: CellPlace,
    parts: Pick<FaultCell, 'proxy' | 'simulator' | 'storage' | 'connectionString' | 'receivedFolder'>,
    settings: Readonly<Record<string, string>>[],
  ) {
    this.#place = place;
    this.#settings = settings;
    this.proxy = parts.proxy;
    this.simulator = parts.simulator;
    this.storage = parts.storage;
    this.connectionString = parts.connectionString;
    this.receivedFolder = parts.receivedFolder;
    const { storage } = parts;
    this.ledger = new LedgerView({
      exports: storage.table(TABLES.exports),
      chunks: storage.table(TABLES.chunks),
      connectors: storage.table(TABLES.connectors),
    });
    this.tap = new Wiretap(CANARY);
    this.proxy.onCall = (call) => this.tap.hear(call);
  }

  static async start(place: CellPlace, options: CellOptions): Promise<FaultCell> {
    const receivedFolder = path.join(place.folder, 'received');
    await mkdir(place.folder, { recursive: true });
    const simulator = await startSimulator({ receivedFolder, ...options.simulator });
    const instances = [...Array(options.processes ?? 1).keys()];
    const proxy = await FaultProxy.start({ ...place, connector: simulator.url }, instances.length);
    const connectionString = connectionStringOf(place, place);
    const storage = await openLocal(connectionString);
    const settings = instances.map((instance) =>
      appSettingsFor(
        { out: place.folder, connector: CONNECTOR, latency: 0, seed: 1 },
        connectionStringOf(place, {
          blob: proxy.url('blob', instance),
          queue: proxy.url('queue', instance),
          table: proxy.url('table', instance),
        }),
        { ...simulator, url: proxy.url('connector', instance) },
        { ...QUICK, ...options.settings },
      ),
    );
    const cell = new FaultCell(
      place,
      { proxy, simulator, storage, connectionString, receivedFolder },
      settings,
    );
    for (const instance of instances) await cell.#launch(instance);
    return cell;
  }

  /** SIGKILL in this very moment; another process takes its place. @param instance which one, from 0 */
  kill(instance = 0): void {
    const dying = this.#functions[instance];
    if (dying === undefined) return;
    const dead = dying.kill();
    this.#restarts = this.#restarts.then(async () => {
      await dead;
      await this.#launch(instance);
    });
  }

  get processes(): readonly Functions[] {
    return this.#functions;
  }

  /** Every process that was killed has a successor. */
  async restarted(): Promise<void> {
    await this.#restarts;
  }

  /** End the processes gracefully; {@link resume} brings them back. */
  async pause(): Promise<void> {
    await Promise.all(this.#functions.map((functions) => functions.stop()));
  }

  async resume(): Promise<void> {
    for (const instance of this.#functions.keys()) await this.#launch(instance);
  }

  /** Every fault of the proxy has met a call. @throws {Error} when one does not within a minute: it would prove nothing */
  async hit(): Promise<void> {
    await until('every fault happened', () => this.proxy.hits.every((hits) => hits > 0), 60_000, 20);
  }

  /** Upload an export where the EHR would, past the proxy. @returns its id in the ledger */
  async put(
    { blobName, content }: Pick<IssuedExport, 'blobName' | 'content'>,
    metadata: Record<string, string> = {},
  ): Promise<string> {
    const { etag } = await this.storage.blobs.write(
      { container: CONTAINERS.exports, name: blobName },
      content,
      { metadata },
    );
    return exportId(CONTAINERS.exports, blobName, etag);
  }

  async view(id: string): Promise<ExportView | undefined> {
    return this.ledger.export(CONNECTOR, id);
  }

  /** The export once it has ended. @throws {Error} with what is known of it when it stands still */
  async ended(id: string, deadlineMs = DEADLINE_MS): Promise<ExportView> {
    let view: ExportView | undefined;
    const done = async (): Promise<boolean> => {
      view = await this.view(id);
      return view !== undefined && FINAL_EXPORT_STATES.has(view.row.state) && !view.row.pinned;
    };
    await until('the export ended', done, deadlineMs, 50).catch(async (error: unknown) => {
      throw new Error(`Stuck: ${await this.#told(id)}`, { cause: error });
    });
    return view as ExportView;
  }

  /** The live status of today, as an operator gets it from the app; asked for again while a fault keeps it from answering. */
  async status(): Promise<DayStatus> {
    let status: DayStatus | undefined;
    const answered = async (): Promise<boolean> => {
      const url = `http://127.0.0.1:${this.#functions[0]?.port ?? 0}/api/status?format=json`;
      const answer = await fetch(url).catch(() => undefined);
      status = answer?.ok ? ((await answer.json()) as DayStatus) : undefined;
      return status !== undefined;
    };
    await until('the status is there', answered, 30_000, 50);
    return status as DayStatus;
  }

  /** Requests and token requests since `from` of the journal. */
  async journal(from = 0): Promise<readonly JournalEntry[]> {
    return (await this.simulator.log()).slice(from);
  }

  /** Everything the functions wrote to their log. */
  async log(): Promise<string> {
    return readFile(this.#logFile, 'utf8').catch(() => '');
  }

  /** Put a text onto a queue as it is, past the proxy. */
  async message(text: string, queue: string = QUEUES.chunks): Promise<void> {
    const client = new QueueClient(this.connectionString, queue);
    await client.createIfNotExists();
    await client.sendMessage(text);
  }

  /** Throw away every message of a queue, past the proxy. */
  async clear(queue: string = QUEUES.chunks): Promise<void> {
    await new QueueClient(this.connectionString, queue).clearMessages();
  }

  async stop(): Promise<void> {
    this.proxy.setFaults([]);
    await this.restarted();
    await this.pause();
    await this.simulator.close();
    await this.proxy.close();
    await this.storage.close();
  }

  get #logFile(): string {
    return path.join(this.#place.folder, 'functions.log');
  }

  async #launch(instance: number): Promise<void> {
    this.#functions[instance] = await startFunctions({
      appFolder: this.#place.appFolder,
      entry: HOST_PROGRAM,
      settings: this.#settings[instance] ?? {},
      instance,
      times: { pollMs: POLL_MS, invisibilityMs: INVISIBILITY_MS },
      logFile: this.#logFile,
    });
  }

  async #told(id: string): Promise<string> {
    const view = await this.view(id);
    const chunks = await this.ledger.chunks(id);
    const connector = await this.storage.table(TABLES.connectors).get(connectorKey(CONNECTOR), 'state');
    return JSON.stringify({ row: { ...view?.row, plan: undefined }, chunks, connector }, undefined, 1);
  }
}

const connectionStringOf = (
  { account, key }: CellPlace,
  { blob, queue, table }: Pick<CellPlace, 'blob' | 'queue' | 'table'>,
): string =>
  `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};` +
  `BlobEndpoint=${blob}/${account};QueueEndpoint=${queue}/${account};TableEndpoint=${table}/${account};`;
