import { auditHeaders, type AuditValues } from './auditHeaders.ts';
import type { HeaderKeys } from './headerCipher.ts';

/**
 * A `fetch` that adds the custom audit headers to every request. `values` is asked anew for each: the user may change.
 * Headers given by the caller stay, except audit headers of the same name, which are replaced.
 *
 * @param fetch the one to wrap, `globalThis.fetch` by default
 * @throws {AuditHeaderError} from the call, before anything is sent, when the service would refuse the headers
 * @example const fhirFetch = auditFetch(() => ({ USERID: session.user }), keys);
 */
export function auditFetch(
  values: (request: Request) => AuditValues | Promise<AuditValues>,
  keys?: HeaderKeys,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): typeof globalThis.fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    for (const [name, value] of Object.entries(auditHeaders(await values(request), keys)))
      request.headers.set(name, value);
    return fetch(request);
  };
}
