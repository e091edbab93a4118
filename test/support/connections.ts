import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { after } from 'node:test';
import { makeCertificate } from '../../local/simulator/certificate.ts';
import { Connection, type PostResult } from '../../shared/connector/connection.ts';
import { socketOpener, type SocketOptions } from '../../shared/connector/socket.ts';

export const SMALL = Buffer.from('Creation Time,Event Name\n');
/** More than the buffers of both ends of a loopback connection hold. */
export const LARGE = Buffer.alloc(32 * 1024 ** 2, 'x');
export const ok = (body = 'ok'): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** Of the servers over TLS; trusted by the test's process. */
export const trusted = await makeCertificate();
setDefaultCACertificates([...getCACertificates(), trusted.cert]);

const servers: Server[] = [];
const sockets = new Set<Socket>();
const connections: Connection[] = [];
after(async () => {
  for (const server of servers) server.close();
  for (const socket of sockets) socket.destroy();
  await Promise.all(connections.map((connection) => connection.close()));
});

/** A server that does with each connection just what the test says. */
export async function serve(
  tls: boolean,
  onSocket: (socket: Socket) => void,
  certificate = trusted,
): Promise<URL> {
  const handle = (socket: Socket): void => {
    socket.on('error', () => {});
    sockets.add(socket);
    onSocket(socket);
  };
  const server = tls ? createTlsServer(certificate, handle) : createServer(handle);
  server.on('tlsClientError', () => {});
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new URL(`${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/** Run `then` once a connection has received this many bytes of body (the head comes on top). */
export const afterBytes = (bytes: number, then: (socket: Socket) => void) => (socket: Socket) => {
  let received = 0;
  socket.on('data', (data: Buffer) => {
    const before = received;
    received += data.length;
    if (before <= bytes && received > bytes) then(socket);
  });
};

type Options = Partial<SocketOptions> & { readonly deadlineMs?: number };

/** An open connection. */
export async function connect(
  origin: URL,
  { deadlineMs = 20_000, ...options }: Options = {},
): Promise<Connection> {
  const socket = await socketOpener({ origin, timeoutMs: 5000, ...options })();
  if (typeof socket === 'string') assert.fail(socket);
  const connection = new Connection(socket, origin, deadlineMs);
  connections.push(connection);
  return connection;
}

export const postOn = (
  connection: Connection,
  body: readonly Uint8Array[],
  mayBegin = (): boolean => true,
): Promise<PostResult> =>
  connection.post({
    path: '/api/signals?jobid=1',
    headers: { authorization: 'Bearer t' },
    body,
    mayBegin,
  });

export const post = async (
  origin: URL,
  body: readonly Uint8Array[],
  options?: Options,
): Promise<PostResult> => postOn(await connect(origin, options), body);

/** A result in a few words. */
export function short(result: PostResult): string {
  if (result.kind === 'refused' || result.kind === 'gone') return result.kind;
  const what =
    result.kind === 'broken' ? result.at : `${result.answer.status} ${result.answer.cut ?? 'whole'}`;
  return `${what} ${result.sent ? 'sent' : 'unsent'}`;
}
