import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RegisteredFunction } from './app.ts';
import type { Binding, HttpData } from './coreTypes.ts';
import { type HostContext, triggerOf } from './hostContext.ts';
import { escapeRegex } from './regex.ts';
import { resolveSettings } from './settings.ts';

/** An HTTP function and the addresses it answers. Keys are not asked for: the server listens on loopback only. */
export type HttpRoute = {
  readonly fn: RegisteredFunction;
  readonly methods: ReadonlySet<string>;
  /** Values of the route's `{parameters}`; undefined for another address. */
  match(pathname: string): Record<string, string> | undefined;
};

export function httpRoute(host: HostContext, fn: RegisteredFunction): HttpRoute {
  const { name } = fn.metadata;
  const trigger = triggerOf(fn) as Binding & { route?: string; methods?: string[] };
  const route = resolveSettings(trigger.route ?? name, host.settings, `Function ${name}`);
  const prefix = host.config.http.routePrefix;
  const regex = routeRegex(`${prefix === '' ? '' : `/${prefix}`}/${route}`);
  return {
    fn,
    methods: new Set((trigger.methods ?? ['GET', 'POST']).map((method) => method.toUpperCase())),
    match: (pathname) => {
      const match = regex.exec(pathname);
      if (match === null) return undefined;
      const given = Object.entries(match.groups ?? {}).filter(([, value]) => value !== undefined);
      return Object.fromEntries(given.map(([key, value]) => [key, decodeURIComponent(value)]));
    },
  };
}

/** Parameters `{x}`, optional `{x?}`, the rest of the address `{*x}`; a constraint after a colon is not looked at. */
function routeRegex(route: string): RegExp {
  const segments = route.split('/').slice(1);
  const pattern = segments.map((segment) => {
    const parameter = /^\{(\*?)(\w+)(?::[^?}]*)?(\??)\}$/.exec(segment);
    if (parameter === null) return `/${escapeRegex(segment)}`;
    const [, rest, name, optional] = parameter;
    if (rest === '*') return `(?:/(?<${name}>.*))?`;
    return optional === '?' ? `(?:/(?<${name}>[^/]+))?` : `/(?<${name}>[^/]+)`;
  });
  return new RegExp(`^${pattern.join('')}/?$`, 'i');
}

/** Runs the function for a request and writes its answer. */
export async function serveHttp(
  host: HostContext,
  { fn }: HttpRoute,
  params: Record<string, string>,
  request: IncomingMessage & { url: string },
  body: Buffer,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url, `http://${request.headers.host ?? '127.0.0.1'}`);
  const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [
    name,
    String(value),
  ]);
  const data: HttpData = {
    url: url.href,
    method: request.method ?? 'GET',
    headers: Object.fromEntries(headers),
    query: Object.fromEntries(url.searchParams),
    params,
    ...(body.length === 0 ? {} : { body: { bytes: body } }),
  };
  const { name } = triggerOf(fn);
  const answer = await host.invoke(fn, { inputData: [{ name, data: { http: data } }], triggerMetadata: {} });
  const out = Object.values(fn.metadata.bindings).find(
    ({ type, direction }) => type === 'http' && direction === 'out',
  );
  const named = answer.outputData?.find((output) => output.name === out?.name)?.data;
  const { http } = answer.returnValue ?? named ?? {};
  response.writeHead(Number(http?.statusCode ?? 204), http?.headers ?? {});
  response.end(http?.body?.bytes ?? http?.body?.string);
}
