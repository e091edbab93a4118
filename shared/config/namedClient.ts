import type { ConnectorClient, PreparedRequest, SendOutcome } from '../connector/types.ts';
import { withFullNames } from './settingNames.ts';

/** A connector's client whose reasons name the connector's settings in full, as an operator finds them. */
export function namedClient(client: ConnectorClient, connector: string): ConnectorClient {
  const named = (outcome: SendOutcome): SendOutcome =>
    outcome.next === 'done' ? outcome : { ...outcome, reason: withFullNames(outcome.reason, connector) };
  const namedRequest = (request: PreparedRequest): PreparedRequest => ({
    ...request,
    async send(body, mayBegin) {
      const outcome = await request.send(body, mayBegin);
      return outcome && named(outcome);
    },
  });
  return {
    ...client,
    async prepare(signal) {
      const preparation = await client.prepare(signal);
      if (preparation?.kind === 'ready') return { kind: 'ready', request: namedRequest(preparation.request) };
      return preparation && { kind: 'failed', outcome: named(preparation.outcome) };
    },
  };
}
