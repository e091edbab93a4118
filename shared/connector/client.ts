import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { SettingsError } from '../errors.ts';
import { CONNECTOR_HOSTS } from './clouds.ts';
import type { Connection } from './connection.ts';
import { ConnectionPool } from './connectionPool.ts';
import { endpointFault, type Resolve } from './endpoint.ts';
import { multipartFrame } from './frame.ts';
import { judge, noConnection, noToken } from './outcomes.ts';
import { socketOpener } from './socket.ts';
import type { TokenProvider } from './token.ts';
import type { ConnectorClient, Preparation, PreparedRequest, SendOutcome } from './types.ts';
import { untilAborted } from './untilAborted.ts';

/** What a connector client needs. Times are ms. */
export type ConnectorClientOptions = {
  /** Base of the connector API, to which `/api/signals?jobid=` is appended. */
  readonly url: string;
  readonly jobId: string;
  readonly tokens: TokenProvider;
  readonly clock: Clock;
  /** Deadline of one exchange, from its first byte to the end of the answer. */
  readonly deadlineMs: number;
  /** A host beside the clouds' to which records may go. */
  readonly allowedHost?: string;
  /** Name resolution, for tests. */
  readonly resolve?: Resolve;
};

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Client of one connector over kept-alive connections, as many as there are requests prepared or under way.
 * @throws {SettingsError} when `url` is none that tokens and records may go to
 */
export function createConnectorClient(options: ConnectorClientOptions): ConnectorClient {
  const { url, jobId, tokens, clock, deadlineMs, allowedHost, resolve } = options;
  const fault = endpointFault(url, [...CONNECTOR_HOSTS, ...(allowedHost === undefined ? [] : [allowedHost])]);
  if (fault) {
    throw new SettingsError({
      code: 'SETTINGS',
      cause: `The connector's URL ${fault}.`,
      cure: 'Correct URL or CLOUD.',
    });
  }
  const base = new URL(url);
  const path = `${base.pathname.replace(/\/$/, '')}/api/signals?jobid=${encodeURIComponent(jobId)}`;
  const frame = multipartFrame(randomBytes(16).toString('hex'));
  const origin = new URL(base.origin);
  const openSocket = socketOpener({
    origin,
    timeoutMs: Math.min(deadlineMs, CONNECT_TIMEOUT_MS),
    ...(resolve === undefined ? {} : { resolve }),
  });
  const connections = new ConnectionPool(openSocket, origin, deadlineMs);

  async function prepare(): Promise<Preparation> {
    const got = await tokens.get();
    if (!got.ok) return { kind: 'failed', outcome: noToken(got.failure) };
    const connection = await connections.take();
    if (typeof connection === 'string') return { kind: 'failed', outcome: noConnection(connection) };
    return { kind: 'ready', request: preparedRequest(got.token, connection) };
  }

  function preparedRequest(token: string, connection: Connection): PreparedRequest {
    let spent = false;
    const release = (): void => {
      if (!spent) connections.giveBack(connection);
      spent = true;
    };
    async function send(
      body: readonly Uint8Array[],
      mayBegin: () => boolean,
    ): Promise<SendOutcome | undefined> {
      if (spent) throw new Error('A prepared request is sent once.');
      try {
        // Asked before anything is done, too: a connection on which undici was stopped is lost.
        if (!mayBegin()) return undefined;
        const headers = { authorization: `Bearer ${token}`, 'content-type': frame.contentType };
        const result = await connection.post({ path, headers, body, mayBegin });
        if (result.kind === 'refused') return undefined;
        if (result.kind === 'gone') return noConnection('connect');
        const { durationMs } = result;
        const outcome = { ...judge(result, clock.now(), token), durationMs };
        // Only this token: while the request was under way a newer one may have come in its place.
        if (outcome.reason.status === 401 || outcome.reason.status === 403) tokens.reject(token);
        return outcome;
      } finally {
        release();
      }
    }
    return { send, release };
  }

  return {
    frame,
    prepare: (signal) =>
      untilAborted(prepare(), signal, (late) => {
        if (late.kind === 'ready') late.request.release();
      }),
    renewCredential: () => tokens.renew(),
    close: () => connections.close(),
  };
}
