import { createHmac } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';

/** Answer of the storage service; header names in lower case. */
export type StorageAnswer = {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
};

export type StorageRequest = {
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  /** Statuses that are an answer, not a failure. */
  readonly expect: readonly number[];
};

/** The service answered with a status nobody expected. */
class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly status: number;

  constructor(method: string, path: string, { status, headers }: StorageAnswer) {
    super(`${method} ${path}: storage answered ${status} ${String(headers['x-ms-error-code'] ?? '')}`.trim());
    this.status = status;
  }
}

const API_VERSION = '2020-10-02';
const TIMEOUT_MS = 30_000;

/**
 * Blob or queue service, spoken to in plain HTTP with a shared access signature made once from the account's key.
 * The host polls several times a second beside the functions it serves: the SDKs would cost it more time per poll,
 * and more memory, than everything else it does.
 */
export class StorageService {
  readonly #endpoint: URL;
  readonly #signature: string;
  readonly #agent: http.Agent;

  constructor(connectionString: string, service: 'blob' | 'queue') {
    const parts = new Map(
      connectionString.split(';').map((part): [string, string] => {
        const at = part.indexOf('=');
        return [part.slice(0, at), part.slice(at + 1)];
      }),
    );
    const account = parts.get('AccountName') ?? '';
    const endpoint =
      parts.get(service === 'blob' ? 'BlobEndpoint' : 'QueueEndpoint') ??
      `${parts.get('DefaultEndpointsProtocol') ?? 'https'}://${account}.${service}.${parts.get('EndpointSuffix') ?? 'core.windows.net'}`;
    this.#endpoint = new URL(endpoint.endsWith('/') ? endpoint : `${endpoint}/`);
    this.#signature = sign(account, parts.get('AccountKey') ?? '');
    this.#agent = new (this.#endpoint.protocol === 'https:' ? https : http).Agent({ keepAlive: true });
  }

  /** `path` is relative to the account, its segments already encoded. @throws {StorageError} for a status not expected */
  async send(method: string, path: string, request: StorageRequest): Promise<StorageAnswer> {
    const query = new URLSearchParams(request.query ?? {}).toString();
    const url = new URL(`${path}?${query}${query === '' ? '' : '&'}${this.#signature}`, this.#endpoint);
    const answer = await exchange(url, method, request, this.#agent);
    if (!request.expect.includes(answer.status)) throw new StorageError(method, path, answer);
    return answer;
  }

  /** Address of a blob without the signature. */
  urlOf(path: string): string {
    return new URL(path, this.#endpoint).href;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Account SAS: https://learn.microsoft.com/rest/api/storageservices/create-account-sas */
function sign(account: string, key: string): string {
  const fields = { sp: 'rwdlacup', ss: 'bq', srt: 'sco', se: '2099-01-01T00:00:00Z', spr: 'https,http' };
  const toSign = [
    account,
    fields.sp,
    fields.ss,
    fields.srt,
    '',
    fields.se,
    '',
    fields.spr,
    API_VERSION,
    '',
  ].join('\n');
  const sig = createHmac('sha256', Buffer.from(key, 'base64')).update(toSign, 'utf8').digest('base64');
  return new URLSearchParams({ ...fields, sv: API_VERSION, sig }).toString();
}

function exchange(
  url: URL,
  method: string,
  request: StorageRequest,
  agent: http.Agent,
): Promise<StorageAnswer> {
  const body = request.body ?? '';
  const headers = {
    'x-ms-version': API_VERSION,
    'content-length': String(Buffer.byteLength(body)),
    ...request.headers,
  };
  return new Promise((resolve, reject) => {
    const sender = url.protocol === 'https:' ? https : http;
    const outgoing = sender.request(url, { method, headers, agent, timeout: TIMEOUT_MS }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) });
      });
    });
    outgoing.on('timeout', () =>
      outgoing.destroy(new Error(`Storage did not answer within ${TIMEOUT_MS / 1000} s.`)),
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The text of every `<tag>` in an XML answer, in order. Enough for the flat lists that storage answers with. */
export function xmlTexts(xml: string, tag: string): string[] {
  return [...xml.matchAll(new RegExp(`<${tag}(?: [^>]*)?>([^<]*)</${tag}>`, 'g'))].map((match) =>
    (match[1] ?? '').replaceAll(
      /&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi,
      (all, hex: string, decimal: string, name: string) =>
        name === undefined
          ? String.fromCodePoint(hex === undefined ? Number(decimal) : parseInt(hex, 16))
          : (ENTITIES[name] ?? all),
    ),
  );
}

/** Text as it stands in an XML element. */
export function toXmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
