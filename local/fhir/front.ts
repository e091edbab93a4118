import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  AUDIT_HEADER_PREFIX,
  MAX_AUDIT_HEADER_LENGTH,
  MAX_AUDIT_HEADERS,
} from '../../shared/fhir/auditHeaders.ts';
import { oidOfToken } from '../../shared/fhir/ownReads.ts';
import { SERVED_IN_MS } from './accesses.ts';
import type { FhirAnswer, LocalRepository } from './repository.ts';

/** Takes one entry of the audit log. */
export type AuditSink = { log(entry: object, receivedAt: number): void };

export type FrontOptions = {
  readonly repository: Pick<LocalRepository, 'handle' | 'interactionOf'>;
  readonly audit: AuditSink;
  /** Resource id that the log's entries carry. */
  readonly resourceId: string;
  /** Bearer tokens let in; the caller's object id is read from the token. */
  readonly tokens: ReadonlySet<string>;
  /** When a request counts as received, UTC ms. */
  readonly receivedAt: (request: IncomingMessage) => number;
};

/** A running front; `close` waits for requests under way. */
export type Front = { readonly url: string; close(): Promise<void> };

/** Longer than ten headers of 2,048 characters: their limits must be met by the front, not by Node's. */
const MAX_HEADER_BYTES = 256 * 1024;

/** Serves the repository on loopback as the FHIR service does: bearer tokens, limits of the custom headers, audit log. */
export async function startFront(options: FrontOptions): Promise<Front> {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    serve(request, response, options).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      server.closeIdleConnections();
      await once(server, 'close');
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: FrontOptions,
): Promise<void> {
  const body = await readBody(request);
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  if (!options.tokens.has(token))
    return send(response, { status: 401, body: outcome('login', 'Authentication failed.') });
  const headers = customHeaders(request);
  const refusal = refusalOf(headers);
  if (refusal !== undefined) return send(response, { status: 400, body: outcome('invalid', refusal) });

  const { method = 'GET', url = '/' } = request;
  const interaction = options.repository.interactionOf(method, url);
  if (interaction === undefined)
    return send(response, { status: 404, body: outcome('not-found', 'Not found.') });
  const receivedAt = options.receivedAt(request);
  const correlationId = randomUUID().replaceAll('-', '');
  const logged = (resultType: string, durationMs: number, status?: number): void => {
    const entry = entryOf(
      { request, interaction, correlationId, headers, token },
      options,
      resultType,
      receivedAt + durationMs,
    );
    options.audit.log(
      { ...entry, ...(status === undefined ? {} : { resultSignature: status, durationMs }) },
      receivedAt + durationMs,
    );
  };
  logged('Started', 0);
  const answer = await options.repository.handle(method, url, body);
  logged(answer.status < 400 ? 'Succeeded' : 'Failed', SERVED_IN_MS, answer.status);
  send(response, answer);
}

type Served = {
  readonly request: IncomingMessage;
  readonly interaction: string;
  readonly correlationId: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly token: string;
};

function entryOf(served: Served, { resourceId }: FrontOptions, resultType: string, time: number): object {
  const { request, interaction, correlationId, headers, token } = served;
  const { url = '/' } = request;
  return {
    time: new Date(time)
      .toISOString()
      .replace('T', ' ')
      .replace(/\.\d+Z$/, 'Z'),
    resourceId,
    operationName: `Microsoft.HealthcareApis/services/fhir-R4/${interaction}`,
    category: 'AuditLogs',
    resultType,
    callerIpAddress: request.socket.remoteAddress,
    correlationId,
    identity: { claims: { iss: 'https://sts.windows.net/local/', oid: oidOfToken(token) ?? '' } },
    level: 'Informational',
    location: 'local',
    uri: `http://${request.headers.host}${url}`,
    properties: { fhirResourceType: /^\/([A-Z]\w+)/.exec(url)?.[1] ?? '', ...Object.fromEntries(headers) },
  };
}

/** Names in upper case; Node has joined repeated ones with ", " and told names apart without case. */
function customHeaders({ headers }: IncomingMessage): Map<string, string> {
  const custom = new Map<string, string>();
  for (const [name, value = ''] of Object.entries(headers))
    if (name.toUpperCase().startsWith(AUDIT_HEADER_PREFIX)) custom.set(name.toUpperCase(), String(value));
  return custom;
}

/** In the service's words, where it has words for it. */
function refusalOf(headers: ReadonlyMap<string, string>): string | undefined {
  if (headers.size > MAX_AUDIT_HEADERS)
    return `The maximum number of custom audit headers allowed is ${MAX_AUDIT_HEADERS}. The number of custom audit headers supplied is ${headers.size}.`;
  for (const [name, value] of headers) {
    if (value.length > MAX_AUDIT_HEADER_LENGTH)
      return `The maximum length of a custom audit header value is ${MAX_AUDIT_HEADER_LENGTH}. The supplied custom audit header '${name}' has length of ${value.length}.`;
    if (name === AUDIT_HEADER_PREFIX) return 'A custom audit header has no name.';
    if (!/^[\t\x20-\x7e]*$/.test(value)) return 'A header holds characters other than ASCII.';
  }
  return undefined;
}

const outcome = (code: 'login' | 'invalid' | 'not-found', diagnostics: string): FhirAnswer['body'] => ({
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'error', code, diagnostics }],
});

function send(response: ServerResponse, { status, body }: FhirAnswer): void {
  response.writeHead(status, { 'content-type': 'application/fhir+json' }).end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  if (pieces.length === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
