import type { ConnectorClient, PreparedRequest, SendOutcome } from '../connector/types.ts';
import type { Span, Telemetry } from './telemetry.ts';

export type ObservedClientOptions = {
  readonly connector: string;
  readonly telemetry: Telemetry;
  /** Requests that the pacing allows at once, asked at each request. */
  readonly limit: () => number;
};

/**
 * A connector's client whose every request is a span, and counted by its outcome; one that could not be prepared is a span too, but no
 * request. Bodies and answers are not looked at.
 */
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
  const inSpan = <T>(bytes: number | undefined, work: (span: Span) => Promise<T>): Promise<T> => {
    const fields = { connector, ...(bytes === undefined ? {} : { bytes }) };
    return telemetry.inSpan('connector.post', { kind: 'client', fields }, work);
  };

  const observed = (request: PreparedRequest): PreparedRequest => ({
    send(body, mayBegin) {
      const bytes = body.reduce((sum, part) => sum + part.byteLength, 0);
      return inSpan(bytes, async (span) => {
        began();
        try {
          const outcome = await request.send(body, mayBegin);
          if (outcome === undefined) return undefined;
          tell(span, outcome);
          if (outcome.stage !== 'request') return outcome;
          telemetry.measure('requests', 1, { connector, code: outcome.reason.code });
          telemetry.measure('request.duration', outcome.durationMs, { connector });
          return outcome;
        } finally {
          inFlight -= 1;
        }
      });
    },
    release: () => request.release(),
  });

  return {
    frame: client.frame,
    async prepare(signal) {
      const preparation = await client.prepare(signal);
      if (preparation?.kind === 'ready') return { kind: 'ready', request: observed(preparation.request) };
      if (preparation !== undefined) await inSpan(undefined, async (span) => tell(span, preparation.outcome));
      return preparation;
    },
    renewCredential: () => client.renewCredential(),
    close: () => client.close(),
  };
}

function tell(span: Span, { reason, durationMs, next }: SendOutcome): void {
  const { code, status } = reason;
  span.set({ code, durationMs, state: next, ...(status === undefined ? {} : { status }) });
  if (next !== 'done') span.fail(code);
}
