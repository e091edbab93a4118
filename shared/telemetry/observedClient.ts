import type { ConnectorClient, SendOutcome } from '../connector/types.ts';
import type { Telemetry } from './telemetry.ts';

export type ObservedClientOptions = {
  readonly connector: string;
  readonly telemetry: Telemetry;
  /** Requests that the pacing allows at once, asked at each request. */
  readonly limit: () => number;
};

/** A connector's client whose every request is a span, and counted by its outcome. Bodies and answers are not looked at. */
export function observedClient(
  client: ConnectorClient,
  { connector, telemetry, limit }: ObservedClientOptions,
): ConnectorClient {
  let inFlight = 0;
  const began = (): void => {
    inFlight += 1;
    telemetry.measure('batches.inFlight', inFlight, { connector });
    telemetry.measure('pace.limit', limit(), { connector });
  };

  function send(body: readonly Uint8Array[], signal?: AbortSignal): Promise<SendOutcome> {
    const bytes = body.reduce((sum, part) => sum + part.byteLength, 0);
    return telemetry.inSpan(
      'connector.post',
      { kind: 'client', fields: { connector, bytes } },
      async (span) => {
        began();
        try {
          const outcome = await client.send(body, signal);
          const { code, status, durationMs, next } = outcome;
          span.set({ code, durationMs, state: next, ...(status === undefined ? {} : { status }) });
          if (next !== 'done') span.fail(code);
          telemetry.measure('requests', 1, { connector, code });
          telemetry.measure('request.duration', durationMs, { connector });
          return outcome;
        } finally {
          inFlight -= 1;
        }
      },
    );
  }

  return {
    frame: client.frame,
    send,
    renewCredential: () => client.renewCredential(),
    close: () => client.close(),
  };
}
