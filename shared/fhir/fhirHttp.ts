import { Agent, request } from 'undici';
import type { FhirGet } from './patientReader.ts';

/** From the connection to the end of the answer, ms. */
const DEADLINE_MS = 60_000;
/** A hundred patients come to some 500 KB; more than this is no answer to the question, bytes. */
const MAX_ANSWER = 64 * 1024 * 1024;

/** GETs over kept-alive connections: no redirects, no retries, one deadline, a limited answer. */
export function openFhirHttp(): { readonly get: FhirGet; close(): Promise<void> } {
  const dispatcher = new Agent({ connections: 2, maxResponseSize: MAX_ANSWER });
  const get: FhirGet = async (url, headers, signal) => {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    const answer = await request(url, {
      dispatcher,
      headers: { ...headers },
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    });
    const { 'retry-after': retryAfter, date } = answer.headers;
    return {
      status: answer.statusCode,
      text: await answer.body.text(),
      ...(typeof retryAfter === 'string' && { retryAfter }),
      ...(typeof date === 'string' && { date }),
    };
  };
  return { get, close: () => dispatcher.close() };
}
