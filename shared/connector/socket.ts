import type { Socket } from 'node:net';
import { buildConnector } from 'undici';
import { isLoopback } from '../loopback.ts';
import { guardedLookup, type Resolve } from './endpoint.ts';
import type { ConnectFault } from './exchange.ts';

export type SocketOptions = {
  /** Origin only: scheme, host, port. */
  readonly origin: URL;
  /** For name, connection and TLS together, ms. */
  readonly timeoutMs: number;
  /** Name resolution, for tests. */
  readonly resolve?: Resolve;
};

/** A socket that is connected, and over TLS has verified whom it is connected to; or why there is none. */
export type OpenSocket = () => Promise<Socket | ConnectFault>;

/** Opens connections to one origin, without a proxy. Those over TLS share their sessions, which spares a round trip. */
export function socketOpener({ origin, timeoutMs, resolve }: SocketOptions): OpenSocket {
  const { protocol, host, hostname, port } = origin;
  const connect = buildConnector({
    timeout: timeoutMs,
    ...(isLoopback(origin) && hostname !== 'localhost' ? {} : { lookup: guardedLookup(resolve) }),
  });
  // An IPv6 address has brackets in a URL, and none elsewhere.
  const target = { protocol, host, hostname: hostname.replace(/^\[|\]$/g, ''), port };
  return () =>
    new Promise((done) => connect(target, (error, socket) => done(error ? connectFault(error) : socket)));
}

function connectFault(error: Error): ConnectFault {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'FORBIDDEN_ADDRESS') return 'forbiddenAddress';
  if (/^(?:ENOTFOUND|EAI_)/.test(code)) return 'dns';
  return /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_|SELF_SIGNED|DEPTH_ZERO|INVALID_CA|HOSTNAME_MISMATCH|EPROTO)/.test(
    code,
  )
    ? 'tls'
    : 'connect';
}
