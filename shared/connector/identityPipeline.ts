import { Agent } from 'node:https';
import { isLoopback } from '../loopback.ts';
import { guardedLookup } from './endpoint.ts';

/** Whether Entra was asked at all, and how it answered the last request. */
export type Seen = { asked?: boolean; status?: number; retryAfter?: string; date?: string; aadsts?: string };

/** The parts of an SDK request and answer that are touched here. */
type SdkRequest = { url: string; abortSignal?: unknown; agent?: unknown };
type SdkAnswer = {
  readonly status: number;
  readonly headers: { get(name: string): string | undefined };
  readonly bodyAsText?: string | null;
};

/** A policy for the HTTP pipelines of the Azure SDK, as `additionalPolicies` takes it. */
export type SdkPolicy = {
  readonly name: string;
  sendRequest<R extends SdkRequest, A extends SdkAnswer>(
    request: R,
    next: (request: R) => Promise<A>,
  ): Promise<A>;
};

/**
 * Sends token requests through an agent of our own: no proxy from the environment, addresses checked on connect, a deadline
 * on each request; and remembers in `seen` what was answered, which the SDK's errors tell only in free text.
 */
export function observedTransport(seen: Seen, timeoutMs: number, ca: string | undefined): SdkPolicy {
  const local = new Agent(ca === undefined ? {} : { ca });
  const guarded = new Agent({ lookup: guardedLookup() });
  return {
    name: 'observedTransport',
    async sendRequest(request, next) {
      const { url } = request;
      // The SDK's own timeout ends with the headers, and its timer outlives a request that fails.
      const deadline = AbortSignal.timeout(timeoutMs);
      request.abortSignal =
        request.abortSignal instanceof AbortSignal
          ? AbortSignal.any([request.abortSignal, deadline])
          : deadline;
      if (url.startsWith('https:')) request.agent = isLoopback(new URL(url)) ? local : guarded;
      seen.asked = true;
      delete seen.status;
      const answer = await next(request);
      seen.status = answer.status;
      const retryAfter = answer.headers.get('retry-after');
      const date = answer.headers.get('date');
      const aadsts = answer.status >= 400 ? /AADSTS(\d{4,9})/.exec(answer.bodyAsText ?? '')?.[1] : undefined;
      Object.assign(seen, { retryAfter, date, aadsts });
      return answer;
    },
  };
}
