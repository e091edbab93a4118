import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { SettingsError } from '../errors.ts';
import { CONNECTOR_HOSTS } from './clouds.ts';
import { Connection } from './connection.ts';
import { endpointFault, type Resolve } from './endpoint.ts';
import { multipartFrame } from './frame.ts';
import { judge } from './outcomes.ts';
import type { TokenProvider } from './token.ts';
import type { ConnectorClient, SendOutcome } from './types.ts';

/** What a connector client needs. Times are ms. */
export type ConnectorClientOptions = {
  /** Base of the connector API, to which `/api/signals?jobid=` is appended. */
  readonly url: string;
  readonly jobId: string;
  readonly tokens: TokenProvider;
  readonly clock: Clock;
  /** Deadline of one exchange, from the connection to the end of the answer. */
  readonly deadlineMs: number;
  /** A host beside the clouds' to which records may go. */
  readonly allowedHost?: string;
  /** PEM of a further certificate authority for the connector API. */
  readonly ca?: string;
  /** Name resolution, for tests. */
  readonly resolve?: Resolve;
};

/**
 * Client of one connector over kept-alive connections, as many as there are requests in flight.
 * @throws {SettingsError} when `url` is none that tokens and records may go to
 */
export function createConnectorClient(options: ConnectorClientOptions): ConnectorClient {
  const { url, jobId, tokens, clock, deadlineMs, allowedHost, ca, resolve } = options;
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
  const idle: Connection[] = [];
  const busy = new Set<Connection>();
  const open = (): Connection =>
    new Connection({
      origin: new URL(base.origin),
      deadlineMs,
      ...(ca === undefined ? {} : { ca }),
      ...(resolve === undefined ? {} : { resolve }),
    });

  async function send(body: readonly Uint8Array[], signal?: AbortSignal): Promise<SendOutcome> {
    const got = await tokens.get(signal);
    if (!got.ok)
      return { ...judge({ kind: 'noToken', failure: got.failure }, clock.now(), ''), durationMs: 0 };
    const connection = idle.pop() ?? open();
    busy.add(connection);
    let reusable = false;
    try {
      const headers = { authorization: `Bearer ${got.token}`, 'content-type': frame.contentType };
      const result = await connection.post({ path, headers, body, ...(signal ? { signal } : {}) });
      // After an early answer the rest of the body is still on its way: what follows on that connection could not be told from it.
      reusable = result.sent;
      const outcome = { ...judge(result, clock.now(), got.token), durationMs: result.durationMs };
      if (outcome.status === 401 || outcome.status === 403) tokens.reject(got.token);
      return outcome;
    } finally {
      busy.delete(connection);
      if (reusable) idle.push(connection);
      else void connection.close();
    }
  }

  return {
    frame,
    ready: async (signal) => void (await tokens.get(signal)),
    send,
    renewCredential: () => tokens.renew(),
    close: async () => {
      await Promise.all([...idle, ...busy].map((connection) => connection.close()));
    },
  };
}
