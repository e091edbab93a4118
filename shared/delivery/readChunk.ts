import { createHash, type Hash } from 'node:crypto';
import { JudgedRecords, type JudgedBlock } from '../export/judgedRecords.ts';
import { RecordWriter } from '../schema/rewrite.ts';
import type { FindingCounts } from '../schema/types.ts';
import { RecordValidator } from '../schema/validator.ts';
import { deliverSlice } from './bisect.ts';
import type { Body } from './bodies.ts';
import type { ChunkRun } from './chunkRun.ts';
import { stretchesOf, type PlannedStretch } from './stretches.ts';

/** Bytes are gathered in blocks of this size, or of the chunk's when it is smaller. */
const BLOCK_BYTES = 1024 * 1024;

/** Room in a body beyond what the average record of its chunk needs. */
const SPARE = 1 / 16;

/** What a whole pass over a chunk found. */
export type ChunkFindings = {
  /** Records that validation refused. */
  readonly refusedRecords: number;
  readonly refusals: FindingCounts;
  readonly warnings: FindingCounts;
};

/**
 * Read a chunk's bytes once, judge its records and start a request for each stretch that is still to be sent; requests run beside
 * the reading, as many as pace and memory allow. Resolves when all is read and every request has been settled or given up.
 * @returns what was found; undefined when the run ended before the last record
 * @throws {SourceLostError} when the pinned bytes are gone
 */
export async function readChunk(run: ChunkRun): Promise<ChunkFindings | undefined> {
  const reader = new ChunkReader(run);
  const { blobs } = run.services;
  const { row, plan } = run;
  const hash = createHash('sha256');
  const range = { start: row.start, end: row.end };
  const source = hashing(blobs.read(run.exportRow.source!, range, run.stop.signal), hash);
  const { dialect, maxRecordBytes } = plan;
  try {
    const blockBytes = Math.min(BLOCK_BYTES, row.end - row.start);
    const judged = new JudgedRecords(reader.validator, { dialect, maxRecordBytes, blockBytes });
    await reader.begin();
    for await (const bytes of source) {
      if (await reader.takeAll(judged.write(bytes))) return undefined;
    }
    if (await reader.takeAll(judged.end())) return undefined;
    if (hash.digest('hex') !== row.sha256 || reader.records !== row.records) {
      run.stop.now({ kind: 'sourceLost' });
      return undefined;
    }
    await reader.end();
  } catch (error) {
    if (!run.ends) throw error;
  } finally {
    await run.idle();
    reader.close();
  }
  return run.ends ? undefined : reader.findings;
}

async function* hashing(source: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    hash.update(bytes);
    yield bytes;
  }
}

/** Walks through the records of a chunk and its stretches side by side. */
class ChunkReader {
  readonly validator: RecordValidator;
  readonly #run: ChunkRun;
  readonly #writer: RecordWriter;
  readonly #stretches: AsyncGenerator<PlannedStretch>;
  readonly #prefix: Buffer;
  /** Bytes of records that a body has room for. */
  readonly #room: number;
  /** Bytes that a body is likely to get. */
  readonly #expected: number;
  #stretch: PlannedStretch | undefined;
  #body: Body | undefined;
  /** First record of the piece under construction. */
  #from: number;
  /** Number of the next record. */
  #number: number;
  #refusedRecords = 0;

  constructor(run: ChunkRun) {
    const { plan, lane, row } = run;
    const { head, tail } = lane.client.frame;
    this.#run = run;
    this.validator = new RecordValidator(plan.validation, plan.dialect);
    this.#writer = new RecordWriter(plan);
    this.#stretches = stretchesOf(run);
    this.#prefix = Buffer.concat([head, Buffer.from(plan.header)]);
    this.#room = plan.maxBodyBytes - tail.length;
    const batchBytes = (row.end - row.start) * Math.min(1, plan.recordsPerRequest / row.records);
    this.#expected = Math.min(this.#room, this.#prefix.length + Math.ceil(batchBytes * (1 + SPARE)));
    this.#number = this.#from = row.firstRecord;
  }

  /** Records read so far. */
  get records(): number {
    return this.#number - this.#run.row.firstRecord;
  }

  get findings(): ChunkFindings {
    return { refusedRecords: this.#refusedRecords, ...this.validator.counts };
  }

  begin(): Promise<void> {
    return this.#nextStretch();
  }

  /** Place the records of blocks, each of which may be used again afterwards. @returns whether the run ends */
  async takeAll(blocks: Iterable<JudgedBlock>): Promise<boolean> {
    for (const block of blocks) {
      await this.#take(block);
      if (this.#run.ends) return true;
    }
    return false;
  }

  async #take(block: JudgedBlock): Promise<void> {
    let at = 0;
    while (at < block.count) {
      const stretch = this.#stretch;
      if (stretch === undefined) {
        // More records than the split counted: found out by the digest once all is read.
        this.#number += block.count - at;
        return;
      }
      const last = Math.min(block.count, at + stretch.to - this.#number);
      at = await this.#place(block, at, last, stretch);
      if (this.#number === stretch.to) {
        await this.#endPiece(stretch.to);
        await this.#nextStretch();
      }
      if (this.#run.ends) return;
    }
  }

  /** The last record was taken. */
  async end(): Promise<void> {
    if (this.#stretch !== undefined) await this.#endPiece(this.#number);
  }

  /** Give back what is still under construction. */
  close(): void {
    if (this.#body !== undefined) this.#run.services.bodies.release(this.#body);
    this.#body = undefined;
  }

  async #nextStretch(): Promise<void> {
    const { value } = (await this.#stretches.next()) as { value: PlannedStretch | undefined };
    this.#stretch = value;
    this.#from = this.#number;
  }

  /** Records [first, last) of the block, all of one stretch; returns the first that was not placed: `last`, or less when the run ends. */
  async #place(block: JudgedBlock, first: number, last: number, { todo }: PlannedStretch): Promise<number> {
    if (todo === 'send' || todo === 'sendAgain') return this.#fill(block, first, last);
    for (let i = first; i < last; i++, this.#number++) {
      const goesOut = this.#goesOut(block, i);
      if (goesOut && todo === 'quarantine' && !this.#run.serviceRefusals.has(this.#number)) {
        this.#run.serviceRefusals.set(this.#number, '');
      }
    }
    return last;
  }

  #goesOut({ goesOut }: JudgedBlock, i: number): boolean {
    if (goesOut[i] === 1) return true;
    this.#refusedRecords++;
    return false;
  }

  /** Good records go into the body; neighbours that go out as they came are copied as one run. */
  async #fill(block: JudgedBlock, first: number, last: number): Promise<number> {
    const { bytes, starts, ends } = block;
    const writer = this.#writer;
    let body = (this.#body ??= await this.#newBody());
    let runStart = 0;
    let runEnd = 0;
    for (let i = first; i < last; i++, this.#number++) {
      if (body === undefined) return i;
      if (!this.#goesOut(block, i)) continue;
      const start = starts[i]!;
      const end = ends[i]!;
      const pending = runEnd - runStart;
      if (body.length + pending + writer.maxLength(end - start) > this.#room && body.count > 0) {
        if (pending > 0) body.append(bytes, runStart, runEnd);
        runStart = runEnd = 0;
        await this.#endPiece(this.#number);
        body = this.#body = await this.#newBody();
        if (body === undefined) return i;
      }
      if (!writer.verbatim) {
        const to = writer.write(bytes, start, end, body.room(writer.maxLength(end - start)), body.length);
        body.take(to - body.length);
        body.mark(this.#number, to);
        continue;
      }
      if (start !== runEnd) {
        if (runEnd > runStart) body.append(bytes, runStart, runEnd);
        runStart = start;
      }
      runEnd = end;
      body.mark(this.#number, body.length + runEnd - runStart);
    }
    if (runEnd > runStart) body?.append(bytes, runStart, runEnd);
    return last;
  }

  async #newBody(): Promise<Body | undefined> {
    const { services, stop, began } = this.#run;
    const body = await services.bodies.take(stop.signal, began);
    body?.begin(this.#prefix, this.#expected);
    return body;
  }

  /** The piece [#from, to) is complete: send it. */
  async #endPiece(to: number): Promise<void> {
    const run = this.#run;
    const stretch = this.#stretch!;
    const piece = { batch: stretch.batch, from: this.#from, to };
    this.#from = to;
    if (stretch.todo !== 'send' && stretch.todo !== 'sendAgain') return;
    const body = this.#body;
    this.#body = undefined;
    if (body === undefined || body.count === 0) {
      if (body !== undefined) run.services.bodies.release(body);
      if (!run.ends) await run.book.nothingToSend(piece);
      return;
    }
    const slice = { ...piece, body, first: 0, last: body.count, uncertain: stretch.todo === 'sendAgain' };
    run.spawn(deliverSlice(run, slice).finally(() => run.services.bodies.release(body)));
  }
}
