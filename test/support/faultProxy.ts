import { once } from 'node:events';
import {
  Agent,
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { classify, type ProxiedCall, type Service } from './storageCall.ts';

/** What befalls a call. `cut` closes the connection without an answer; `half` closes it in the middle of the answer. */
export type Effect =
  | { readonly do: 'status'; readonly status: number; readonly code?: string }
  | { readonly do: 'cut' | 'half' | 'hang' }
  | { readonly do: 'delay'; readonly ms: number }
  /** Runs it, with the number of the process that called; the call then has no answer. */
  | { readonly do: 'run'; readonly run: (instance: number) => void | Promise<void> };

/** A rule of the proxy: which calls of a kind it meets, and when: before the service saw them, or after they took effect. */
export type ProxyFault = {
  /** Of {@link ProxiedCall}, or the beginning of one: `table ` is every call of the table service. */
  readonly kind: string;
  /** Number of the first call that it meets, from 1, counted from when the rule was set; and how many. */
  readonly nth: number;
  readonly count?: number;
  readonly when: 'before' | 'after';
  readonly effect: Effect;
};

type Rule = ProxyFault & { seen: number; hits: number };
type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer };

/** A call that went through. */
export type SeenCall = ProxiedCall & {
  /** UTC ms when it arrived. */
  readonly at: number;
  readonly instance: number;
  readonly status: number;
  readonly answered: Buffer;
};

const SERVICES = ['blob', 'queue', 'table', 'connector'] as const;

/**
 * Stands on loopback before the storage emulator and the connector, passes requests on as they are, and does to some of them what
 * networks and services do: refuses, delays, cuts, or loses the answer of one that took effect.
 */
export class FaultProxy {
  readonly #servers = new Map<string, Server>();
  readonly #targets: Readonly<Record<Service, string>>;
  readonly #agent = new Agent({ keepAlive: true });
  #rules: Rule[] = [];
  /** Called for every call that was answered by the service. */
  onCall: (call: SeenCall) => void = () => undefined;

  private constructor(targets: Readonly<Record<Service, string>>) {
    this.#targets = targets;
  }

  /** Start a listener for each service and each of `instances` processes, so that it is known who calls. */
  static async start(targets: Readonly<Record<Service, string>>, instances: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(targets);
    for (let instance = 0; instance < instances; instance++) {
      for (const service of SERVICES) {
        const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (incoming, response) => {
          proxy.#serve(service, instance, incoming, response).catch(() => response.destroy());
        });
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        proxy.#servers.set(`${service} ${instance}`, server);
      }
    }
    return proxy;
  }

  /** Base of a service as a process sees it, without a path. */
  url(service: Service, instance: number): string {
    const address = this.#servers.get(`${service} ${instance}`)?.address() as AddressInfo;
    return `http://127.0.0.1:${address.port}`;
  }

  /** Replace all rules; counting begins anew. */
  setFaults(faults: readonly ProxyFault[]): void {
    this.#rules = faults.map((fault) => ({ ...fault, seen: 0, hits: 0 }));
  }

  /** How often each rule met a call, in the order they were set. */
  get hits(): readonly number[] {
    return this.#rules.map(({ hits }) => hits);
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    for (const server of this.#servers.values()) {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    }
  }

  async #serve(
    service: Service,
    instance: number,
    incoming: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const body = await readAll(incoming);
    const { method = 'GET', url = '/' } = incoming;
    const call = classify(service, method, url, body);
    const at = Date.now();
    for (const rule of this.#rules) {
      if (rule.when === 'before' && meets(rule, call.kind) && (await strike(rule, instance, response)))
        return;
    }
    const answering = await this.#pass(service, incoming, body, response);
    const { statusCode: status = 0, headers } = answering;
    const after = this.#rules.filter(({ when, kind }) => when === 'after' && isOf(kind, call.kind));
    if (service === 'connector' && after.length === 0) {
      this.onCall({ ...call, at, instance, status, answered: Buffer.alloc(0) });
      // The connector's answers may never end.
      response.writeHead(status, headers);
      await pipeline(answering, response).catch(() => undefined);
      return;
    }
    const answer = { status, headers, body: await readAll(answering) };
    this.onCall({ ...call, at, instance, status: answer.status, answered: answer.body });
    for (const rule of after) {
      if (meets(rule, call.kind) && (await strike(rule, instance, response, answer))) return;
    }
    send(response, answer);
  }

  /** What the service answers; given up when the client goes away. */
  #pass(
    service: Service,
    incoming: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): Promise<IncomingMessage> {
    const { hostname, port } = new URL(this.#targets[service]);
    const { 'transfer-encoding': _chunked, ...kept } = incoming.headers;
    const headers = { ...kept, 'content-length': String(body.length) };
    const { method, url: path } = incoming;
    const outgoing = request({ host: hostname, port, method, path, headers, agent: this.#agent });
    response.on('close', () => void (response.writableFinished || outgoing.destroy()));
    return new Promise((resolve, reject) => {
      outgoing.on('response', resolve).on('error', reject);
      outgoing.end(body);
    });
  }
}

const isOf = (rule: string, kind: string): boolean =>
  rule.endsWith(' ') ? kind.startsWith(rule) : kind === rule;

/** Counts the call for the rule. A call that an earlier rule dealt with does not come here. */
function meets(rule: Rule, kind: string): boolean {
  if (!isOf(rule.kind, kind)) return false;
  rule.seen++;
  return rule.seen >= rule.nth && rule.seen < rule.nth + (rule.count ?? 1);
}

/** @returns whether the call is dealt with */
async function strike(
  rule: Rule,
  instance: number,
  response: ServerResponse,
  answer?: Answer,
): Promise<boolean> {
  rule.hits++;
  const { effect } = rule;
  switch (effect.do) {
    case 'status':
      refuse(response, effect.status, effect.code ?? 'InternalError');
      return true;
    case 'cut':
      response.destroy();
      return true;
    case 'half':
      if (answer === undefined) response.destroy();
      else sendHalf(response, answer);
      return true;
    case 'hang':
      return true;
    case 'delay':
      await delay(effect.ms);
      return false;
    case 'run':
      await effect.run(instance);
      response.destroy();
      return true;
  }
}

function refuse(response: ServerResponse, status: number, code: string): void {
  const body = JSON.stringify({ 'odata.error': { code, message: { lang: 'en-US', value: code } } });
  response.writeHead(status, { 'content-type': 'application/json', 'x-ms-error-code': code }).end(body);
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const { 'transfer-encoding': _chunked, connection: _connection, ...kept } = headers;
  // A HEAD is answered with the length of what it is about.
  const length =
    body.length > 0 || kept['content-length'] === undefined ? { 'content-length': body.length } : {};
  response.writeHead(status, { ...kept, ...length }).end(body);
}

function sendHalf(response: ServerResponse, { status, headers, body }: Answer): void {
  const { 'transfer-encoding': _chunked, connection: _connection, ...kept } = headers;
  response.writeHead(status, { ...kept, 'content-length': body.length || 10 });
  response.write(body.subarray(0, body.length >> 1), () => response.destroy());
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
