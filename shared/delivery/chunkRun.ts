import type { ExportPlan } from '../export/types.ts';
import type { ChunkRow, ExportRow } from '../ledger/model.ts';
import type { BatchBook } from './batchBook.ts';
import { FencedError, isEnvironmentFault } from './faultKinds.ts';
import type { GroupedWriter } from './groupedWriter.ts';
import type { Lane } from './lane.ts';
import type { PushServices } from './services.ts';
import { Stop } from './stop.ts';

/** One invocation's work on one chunk: what it holds, and when it must end. */
export class ChunkRun {
  readonly services: PushServices;
  readonly exportRow: ExportRow;
  readonly plan: ExportPlan;
  readonly lane: Lane;
  readonly writer: GroupedWriter<ChunkRow>;
  readonly book: BatchBook;
  /** Claim under which it works. */
  readonly owner: string;
  readonly stop = new Stop();
  /** On the monotonic clock, ms. */
  readonly began: number;
  /**
   * Records the service refused alone, by number, with its words ('' when an earlier invocation heard them, and kept them). The words
   * are for the quarantine file and nothing else.
   */
  readonly serviceRefusals = new Map<number, string>();
  /** The one batch to send, to find out whether a mapping that was refused is refused for all; undefined: every batch. */
  onlyBatch: number | undefined;
  readonly #until: number;
  readonly #tasks = new Set<Promise<void>>();
  #requests = 0;

  constructor(
    parts: Pick<ChunkRun, 'services' | 'exportRow' | 'plan' | 'lane' | 'writer' | 'book' | 'owner'>,
  ) {
    this.services = parts.services;
    this.exportRow = parts.exportRow;
    this.plan = parts.plan;
    this.lane = parts.lane;
    this.writer = parts.writer;
    this.book = parts.book;
    this.owner = parts.owner;
    const { clock, settings } = parts.services;
    this.began = clock.monotonic();
    this.#until = this.began + settings.invocationBudgetMs;
  }

  /** The chunk as this invocation has it in the ledger. */
  get row(): ChunkRow {
    return this.writer.value;
  }

  /** Fields that tell in a log line which chunk it is about. */
  get where(): { exportId: string; connector: string; chunk: number } {
    const { exportId, connector } = this.exportRow;
    return { exportId, connector, chunk: this.row.chunk };
  }

  /** Whether the work must end; asked before everything that is begun. */
  get ends(): boolean {
    const { clock, stopping } = this.services;
    if (stopping.aborted || clock.monotonic() >= this.#until) this.stop.now({ kind: 'yield' });
    return this.stop.signal.aborted;
  }

  /** A name for a request that no other request has. */
  nextRequest(): string {
    return `${this.owner}.${++this.#requests}`;
  }

  /** @throws {FencedError} when the claim lapsed and another invocation has taken the chunk */
  async ensureClaim(): Promise<void> {
    if (Date.parse(this.row.claimUntil) <= this.services.clock.now()) await this.writer.change((row) => row);
  }

  /** Let a task run beside others; how it fails decides how the run ends. */
  spawn(task: Promise<void>): void {
    const settled = task
      .catch((error: unknown) => this.fail(error))
      .finally(() => this.#tasks.delete(settled));
    this.#tasks.add(settled);
  }

  /** Every task has ended. */
  async idle(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }

  /** End the run as an error demands. */
  fail(error: unknown): void {
    if (error instanceof FencedError) this.stop.now({ kind: 'fenced' });
    else if (isEnvironmentFault(error)) this.stop.now({ kind: 'storage', error });
    else this.stop.now({ kind: 'broken', error });
  }
}
