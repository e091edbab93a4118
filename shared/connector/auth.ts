import type { ClientAssertionCredential } from '@azure/identity';
import { isLoopback } from '../loopback.ts';
import { isIdentityFault } from '../errors.ts';
import { type CloudName, CLOUDS, FEDERATION_AUDIENCE } from './clouds.ts';
import { observedTransport, type Seen } from './identityPipeline.ts';
import { parseRetryAfter } from './retryAfter.ts';
import type { FetchedToken } from './token.ts';

/** How the app registration proves itself; `read` is called for every token, so a renewed secret is picked up. */
export type Proof =
  | { readonly kind: 'secret'; readonly read: () => Promise<string> }
  | { readonly kind: 'certificate'; readonly read: () => Promise<string> }
  | { readonly kind: 'federated'; readonly managedIdentityClientId: string };

/** Whom to ask for tokens, as whom, and for what. */
export type TokenRequest = {
  readonly tenantId: string;
  readonly appId: string;
  readonly cloud: CloudName;
  /** Base of the token endpoint. */
  readonly authority: string;
  /** PEM of the authority's certificate issuer, for one on this machine. */
  readonly authorityCa?: string;
  readonly resource: string;
  readonly proof: Proof;
  /** Deadline of one request to the authority, ms. */
  readonly timeoutMs?: number;
};

/** A credential could not be read or made: nothing was asked of the authority. */
class ProofError extends Error {
  override readonly name = 'ProofError';
}

/**
 * Fetch one token through `@azure/identity`, which is loaded when first needed.
 * A new credential each time: the SDK's own caches would hand out the old token after a 401, and judge its age by the wall clock.
 */
export async function fetchToken(request: TokenRequest): Promise<FetchedToken> {
  const { timeoutMs = 30_000 } = request;
  const seen: Seen = {};
  const { promise: expired, resolve } = Promise.withResolvers<FetchedToken>();
  const timer = setTimeout(() => resolve({ ok: false, failure: { kind: 'unavailable' } }), 2 * timeoutMs);
  try {
    return await Promise.race([expired, ask(request, timeoutMs, seen)]);
  } catch (error) {
    return { ok: false, failure: failureOf(error, seen) };
  } finally {
    clearTimeout(timer);
  }
}

async function ask(request: TokenRequest, timeoutMs: number, seen: Seen): Promise<FetchedToken> {
  const credential = await credentialFor(request, timeoutMs, seen);
  const token = await credential.getToken(`${request.resource}/.default`);
  // The SDK made this instant of the wall clock and `expires_in` a moment ago: taking it back gives the lifetime. It rounds
  // to whole seconds, so less than one may be none.
  const lifetimeMs = token.expiresOnTimestamp - Date.now();
  return lifetimeMs >= 1000
    ? { ok: true, token: token.token, lifetimeMs }
    : { ok: false, failure: { kind: 'invalid' } };
}

async function credentialFor(
  { tenantId, appId, cloud, authority, authorityCa, proof }: TokenRequest,
  timeoutMs: number,
  seen: Seen,
): Promise<Pick<ClientAssertionCredential, 'getToken'>> {
  const identity = await import('@azure/identity');
  const options = {
    authorityHost: authority,
    disableInstanceDiscovery: isLoopback(new URL(authority)),
    retryOptions: { maxRetries: 0 },
    redirectOptions: { maxRetries: 0 },
    additionalPolicies: [
      { policy: observedTransport(seen, timeoutMs, authorityCa), position: 'perRetry' as const },
    ],
  };
  if (proof.kind === 'federated') {
    const managed = new identity.ManagedIdentityCredential({ clientId: proof.managedIdentityClientId });
    const scope = `${FEDERATION_AUDIENCE[CLOUDS[cloud].identity]}/.default`;
    const assertion = (): Promise<string> => proven(async () => (await managed.getToken(scope)).token);
    return new identity.ClientAssertionCredential(tenantId, appId, assertion, options);
  }
  const value = await proven(proof.read);
  return proof.kind === 'secret'
    ? new identity.ClientSecretCredential(tenantId, appId, value, options)
    : new identity.ClientCertificateCredential(tenantId, appId, { certificate: value }, options);
}

async function proven(read: () => Promise<string>): Promise<string> {
  try {
    return await read();
  } catch (error) {
    throw new ProofError('The secret, certificate or assertion could not be had.', { cause: error });
  }
}

type Failure = Extract<FetchedToken, { ok: false }>['failure'];

function failureOf(error: unknown, { asked, status, retryAfter, date, aadsts }: Seen): Failure {
  const proof = proofErrorOf(error);
  if (proof)
    return {
      kind: isIdentityFault(proof.cause) || !isPassing(statusOf(proof.cause)) ? 'secret' : 'unavailable',
    };
  // What was given is no credential: a certificate that is not PEM, for one.
  if (!asked) return { kind: 'secret' };
  const retryAfterMs = parseRetryAfter(retryAfter, date, Date.now());
  const details = {
    ...(status === undefined ? {} : { status }),
    ...(aadsts === undefined ? {} : { aadsts }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  if (status !== undefined && status < 300) return { kind: 'invalid', ...details };
  return { kind: isPassing(status) ? 'unavailable' : 'refused', ...details };
}

/** The SDK may wrap what the assertion callback throws. */
function proofErrorOf(error: unknown): ProofError | undefined {
  for (let e = error; e instanceof Error; e = e.cause) if (e instanceof ProofError) return e;
  return undefined;
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined;
}

const isPassing = (status: number | undefined): boolean =>
  status === undefined || status === 408 || status === 429 || status >= 500;
