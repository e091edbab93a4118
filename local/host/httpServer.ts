import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isLoopback } from '../../shared/loopback.ts';
import type { RegisteredFunction } from './app.ts';
import { receiveBlobEvents } from './blobEvents.ts';
import type { BlobTriggers } from './blobQueue.ts';
import { functionId, type HostContext, triggerOf } from './hostContext.ts';
import { type HttpRoute, httpRoute, serveHttp } from './httpTrigger.ts';

export type HttpServer = { readonly port: number; stop(): Promise<void> };

const WEBHOOK = '/runtime/webhooks/blobs';
const ADMIN = '/admin/functions/';
const MAX_BODY_BYTES = 100 * 1024 * 1024;

/**
 * Loopback server of the host: the HTTP functions, the webhook of Event Grid, and `POST /admin/functions/<name>`, which
 * runs a function at once (202) with `{"input": "…"}` as its input. No keys are asked for, so what a foreign page has a browser send
 * is refused.
 */
export async function serveRequests(
  host: HostContext,
  functions: readonly RegisteredFunction[],
  blobs: BlobTriggers,
  port: number,
): Promise<HttpServer> {
  const routes = functions
    .filter((fn) => triggerOf(fn).type === 'httpTrigger')
    .map((fn) => httpRoute(host, fn));
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      host.log('error', 'host', `${request.method} failed: ${(error as Error).message}`);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isOfThisMachine(request.headers)) return end(response, 403, FOREIGN);
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const post = request.method === 'POST';
    const body = await bodyOf(request);
    if (post && url.pathname === WEBHOOK) return answerWebhook(url, body, response);
    if (post && url.pathname.startsWith(ADMIN))
      return runNow(url.pathname.slice(ADMIN.length), body, response);
    const found = findRoute(routes, url.pathname, request.method ?? 'GET');
    if (found === undefined) return end(response, 404);
    return serveHttp(
      host,
      found.route,
      found.params,
      request as IncomingMessage & { url: string },
      body,
      response,
    );
  }

  async function answerWebhook(url: URL, body: Buffer, response: ServerResponse): Promise<void> {
    const fn = blobs.find(url.searchParams.get('functionName') ?? '');
    if (fn === undefined) return end(response, 404);
    const result = await receiveBlobEvents(body.toString('utf8'), fn, (message) => blobs.enqueue(message));
    end(response, result.status, result.body);
  }

  function runNow(name: string, body: Buffer, response: ServerResponse): void {
    const fn = functions.find(({ metadata }) => metadata.name === name);
    if (fn === undefined) return end(response, 404);
    const { input = '' } = JSON.parse(body.length === 0 ? '{}' : body.toString('utf8')) as { input?: string };
    const inputData = [{ name: triggerOf(fn).name, data: { string: input } }];
    host.invoke(fn, { inputData, triggerMetadata: {} }).catch((error: unknown) => {
      host.log('error', functionId(fn), `failed: ${(error as Error).message}`);
    });
    end(response, 202);
  }

  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const FOREIGN = { error: 'This server answers requests from this machine to a loopback address only.' };

/**
 * Whether a request is meant for this server and comes from no foreign page. A name of somebody else's that resolves to loopback is
 * still in `Host`; a browser tells in `Origin` which page sends something that could change something here.
 */
function isOfThisMachine({ host = '', origin }: IncomingHttpHeaders): boolean {
  const own = URL.parse(`http://${host}`);
  if (own === null || !isLoopback(own)) return false;
  return origin === undefined || origin === own.origin;
}

function findRoute(
  routes: readonly HttpRoute[],
  pathname: string,
  method: string,
): { route: HttpRoute; params: Record<string, string> } | undefined {
  for (const route of routes) {
    const params = route.methods.has(method) ? route.match(pathname) : undefined;
    if (params !== undefined) return { route, params };
  }
  return undefined;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error('The request is larger than 100 MiB.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function end(response: ServerResponse, status: number, body?: object): void {
  response.writeHead(status, body === undefined ? {} : { 'content-type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
