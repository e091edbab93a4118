import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { FaultRule } from './faultSpec.ts';
import { answerWrongly, dropEarly } from './misbehave.ts';
import { FormError, readForm } from './multipart.ts';
import { delimiterOf, scanRecords } from './records.ts';
import type { SimulatorState } from './state.ts';
import type { JournalEntry } from './types.ts';

/** A refusal of the simulated service, in its words. */
class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;

  constructor(status: number, words: string) {
    super(words);
    this.status = status;
  }
}

/** What a request holds, once its body was read. */
export type Received = { readonly part: Buffer; readonly records: number };

/**
 * `POST /api/signals?jobid=`: what is known of the connector API (bearer, job, form with one part, header line, record limit),
 * and on request what can go wrong with it.
 */
export function signalsEndpoint(state: SimulatorState): RequestListener {
  let requests = 0;
  return (request, response) => {
    requests += 1;
    const exchange = new Exchange(state, requests, request, response);
    exchange.run().catch((error: unknown) => {
      // A client that went away in the middle of its body is an event of the run, not a fault of the simulator.
      if (request.complete) throw error;
      exchange.note({});
    });
  };
}

class Exchange {
  readonly #state: SimulatorState;
  readonly #number: number;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #at = Date.now();
  readonly #jobId: string;

  constructor(state: SimulatorState, number: number, request: IncomingMessage, response: ServerResponse) {
    this.#state = state;
    this.#number = number;
    this.#request = request;
    this.#response = response;
    this.#jobId = new URL(request.url ?? '/', 'http://localhost').searchParams.get('jobid') ?? '';
  }

  async run(): Promise<void> {
    const early = this.#state.fault('signal', { number: this.#number });
    if (early && dropEarly(early, this.#request)) {
      this.note({ fault: early.text });
      return;
    }
    const body = await readAll(this.#request);
    let received: Received | undefined;
    let refusal: Refusal | undefined;
    try {
      received = this.#check(body);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusal = error;
    }
    // What the records are is looked at only once token, job and form are right.
    const seen = received ? { part: received.part } : {};
    const fault = this.#state.fault('signal', { number: this.#number, ...seen });
    if (this.#state.latencyMs > 0) await delay(this.#state.latencyMs);
    // A fault that accepts does not make up for a wrong token or a job that does not exist.
    if (fault && (received || !accepts(fault))) await this.#fail(fault, received);
    else if (received) await this.#accept(received);
    else this.#refuse(refusal ?? new Refusal(500, 'The request was not checked.'));
  }

  /** Note the request in the journal. */
  note(facts: Partial<JournalEntry>): void {
    this.#state.journal.push({
      kind: 'signal',
      number: this.#number,
      at: this.#at,
      endedAt: Date.now(),
      jobId: this.#jobId,
      accepted: false,
      records: 0,
      bytes: 0,
      ...facts,
    });
  }

  #check(body: Buffer): Received {
    const { pathname } = new URL(this.#request.url ?? '/', 'http://localhost');
    if (pathname !== '/api/signals') throw new Refusal(404, 'Not Found');
    if (this.#request.method !== 'POST') throw new Refusal(405, 'Method Not Allowed');
    const token = this.#state.tokens.judge(this.#request.headers.authorization);
    if (token === 'unknown') throw new Refusal(401, 'The token was not issued for this service.');
    if (token === 'expired') throw new Refusal(401, 'The token has expired.');
    const owner = this.#state.jobs.get(this.#jobId);
    if (owner === undefined) throw new Refusal(404, 'The job does not exist.');
    if (owner !== token.appId) throw new Refusal(403, 'The app is not the one of this job.');
    const part = readPart(this.#request.headers['content-type'], body);
    const records = checkHeader(part) && scanRecords(part) - 1;
    if (records > this.#state.maxRecords)
      throw new Refusal(400, 'There are too many records in one request.');
    return { part, records };
  }

  async #keep({ part, records }: Received): Promise<Partial<JournalEntry>> {
    const file = await this.#state.keep(this.#jobId, part);
    return {
      accepted: true,
      records,
      bytes: part.length,
      ...(file === undefined ? {} : { file }),
      ...(this.#state.digests ? { sha256: createHash('sha256').update(part).digest('hex') } : {}),
    };
  }

  async #accept(received: Received): Promise<void> {
    const facts = await this.#keep(received);
    const recordsSaved = received.records;
    this.note({ ...facts, status: 200, recordsSaved });
    this.#response.writeHead(200, { 'content-type': 'application/json' });
    this.#response.end(JSON.stringify({ RecordsSaved: recordsSaved }));
  }

  #refuse({ status, message }: Refusal): void {
    this.note({ status });
    this.#response.writeHead(status, { 'content-type': 'text/plain' }).end(message);
  }

  async #fail(fault: FaultRule, received: Received | undefined): Promise<void> {
    const facts = received ? await this.#keepIf(fault, received) : {};
    const answered = answerWrongly(fault, this.#request, this.#response, received);
    this.note({
      ...facts,
      ...answered,
      fault: fault.text,
      records: received?.records ?? 0,
      bytes: received?.part.length ?? 0,
    });
  }

  async #keepIf(fault: FaultRule, received: Received): Promise<Partial<JournalEntry>> {
    return accepts(fault) ? this.#keep(received) : {};
  }
}

const accepts = ({ accepted, kind, status }: FaultRule): boolean =>
  accepted || ACCEPTING.has(kind) || (status !== undefined && status < 300);

const ACCEPTING: ReadonlySet<string> = new Set([
  'reset-after',
  'hang-after',
  'slow',
  'endless',
  'cut',
  'empty',
  'html',
  'fewer',
]);

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

function readPart(contentType: string | undefined, body: Buffer): Buffer {
  try {
    return readForm(contentType, body);
  } catch (error) {
    throw error instanceof FormError ? new Refusal(400, error.message) : error;
  }
}

/** A header line has at least two columns and no name twice. */
function checkHeader(part: Buffer): true {
  const end = part.indexOf('\n');
  const line = part
    .subarray(0, end < 0 ? part.length : end)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimEnd();
  const delimiter = String.fromCharCode(delimiterOf(part));
  const names = line.split(delimiter).map((name) =>
    name
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .toLowerCase(),
  );
  const given = names.filter((name) => name !== '');
  if (names.length < 2 || given.length === 0) throw new Refusal(400, 'The first line is not a header.');
  if (new Set(given).size < given.length) throw new Refusal(400, 'A column name is given twice.');
  return true;
}
