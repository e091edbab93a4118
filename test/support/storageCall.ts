/** The services that stand behind the fault proxy. */
export type Service = 'blob' | 'queue' | 'table' | 'connector';

/** One request on its way through the proxy. `kind` says what it does: `table chunks.replace`, `queue chunks.send`, `connector signals.post`. */
export type ProxiedCall = {
  readonly service: Service;
  readonly kind: string;
  readonly url: string;
  readonly body: Buffer;
};

const HOST_BLOBS = /^blobreceipts|^locks|^timers/;

/** What a request does, read from method, address and body alone. */
export function classify(service: Service, method: string, url: string, body: Buffer): ProxiedCall {
  const { pathname, searchParams } = new URL(url, 'http://proxy');
  const [, , store = '', ...rest] = pathname.split('/');
  const facts = { service, url, body };
  const kindOf = { blob: blobKind, queue: queueKind, table: tableKind, connector: connectorKind }[service];
  return { ...facts, kind: `${service} ${kindOf(method, store, rest.join('/'), searchParams, body)}` };
}

type KindOf = (method: string, store: string, rest: string, query: URLSearchParams, body: Buffer) => string;

const TABLE_METHODS: Readonly<Record<string, string>> = {
  POST: 'insert',
  PUT: 'replace',
  PATCH: 'merge',
  DELETE: 'remove',
};

const tableKind: KindOf = (method, store, _rest, _query, body) => {
  const [, table = store, keys] = /^(\w+)(?:\((.*)\))?$/.exec(decodeURIComponent(store)) ?? [];
  if (store === '$batch')
    return `${/\/(\w+)(?:\(| HTTP|\?)/.exec(body.toString('latin1'))?.[1] ?? ''}.insertMany`;
  if (method === 'GET') return `${table}.${keys ? 'get' : 'list'}`;
  return `${table}.${TABLE_METHODS[method] ?? method}`;
};

const QUEUE_METHODS: Readonly<Record<string, string>> = {
  POST: 'send',
  GET: 'take',
  PUT: 'hide',
  DELETE: 'remove',
};

const queueKind: KindOf = (method, store, rest) =>
  `${store.startsWith('azure-webjobs') ? 'host' : store}.${rest === '' ? 'make' : (QUEUE_METHODS[method] ?? method)}`;

const blobKind: KindOf = (method, store, rest, query) => {
  const container = store === 'azure-webjobs-hosts' ? `host${HOST_BLOBS.exec(rest)?.[0] ?? ''}` : store;
  const part = query.get('comp');
  if (method === 'GET') return `${container}.${part ?? 'read'}`;
  if (method === 'HEAD') return `${container}.${query.has('snapshot') ? 'factsOfSnapshot' : 'facts'}`;
  if (method === 'DELETE') return `${container}.${query.has('snapshot') ? 'removeSnapshot' : 'remove'}`;
  return `${container}.${part ?? (query.get('restype') === 'container' ? 'make' : 'write')}`;
};

const connectorKind: KindOf = () => 'signals.post';
