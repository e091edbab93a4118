import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { retryAfterText } from './misbehave.ts';
import type { SimulatorState } from './state.ts';

/**
 * The part of Microsoft Entra ID that client credentials need: OpenID discovery and the token endpoint, with its error codes.
 * Assertions (certificate, federation) are taken without a check of their signature.
 */
export function authorityEndpoint(state: SimulatorState, base: () => string): RequestListener {
  let requests = 0;
  return (request, response) => {
    const path = new URL(request.url ?? '/', 'https://localhost').pathname;
    const [, tenant = '', ...rest] = path.split('/');
    const route = rest.join('/');
    if (route === 'v2.0/.well-known/openid-configuration')
      answer(response, 200, discovery(`${base()}/${tenant}`));
    else if (request.method === 'POST' && /^oauth2\/(?:v2\.0\/)?token$/.test(route)) {
      requests += 1;
      void giveToken(state, tenant, requests, request, response);
    } else answer(response, 404, {});
  };
}

const discovery = (issuer: string): object => ({
  issuer: `${issuer}/v2.0`,
  authorization_endpoint: `${issuer}/oauth2/v2.0/authorize`,
  token_endpoint: `${issuer}/oauth2/v2.0/token`,
  jwks_uri: `${issuer}/discovery/v2.0/keys`,
  response_types_supported: ['token'],
  subject_types_supported: ['pairwise'],
  id_token_signing_alg_values_supported: ['RS256'],
});

async function giveToken(
  state: SimulatorState,
  tenant: string,
  number: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const at = Date.now();
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const fault = state.fault('token', { number });
  const note = (status?: number): void => {
    state.journal.push({
      kind: 'token',
      number,
      at,
      endedAt: Date.now(),
      jobId: '',
      accepted: status === 200,
      records: 0,
      bytes: 0,
      ...(status === undefined ? {} : { status }),
      ...(fault ? { fault: fault.text } : {}),
    });
  };
  if (fault?.kind === 'token-hang') {
    note();
    return;
  }
  if (fault?.kind === 'token-malformed') {
    note(200);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"token_type":"Bearer","access_to');
    return;
  }
  const status = fault?.kind === 'token-status' ? (fault.status ?? 500) : undefined;
  const refusal = status === undefined ? refusalOf(state, tenant, new URLSearchParams(text)) : undefined;
  if (status !== undefined || refusal !== undefined) {
    const code = refusal ?? '7000222';
    note(status ?? 401);
    const retry = fault?.retryAfter === undefined ? {} : { 'retry-after': retryAfterText(fault.retryAfter) };
    answer(response, status ?? 401, entraError(code), retry);
    return;
  }
  note(200);
  answer(
    response,
    200,
    tokenReply(state, fault?.kind === 'token-lifetime' ? (fault.expiresIn ?? '0') : undefined),
  );
}

function tokenReply(state: SimulatorState, expiresIn: string | undefined): object {
  const token = state.tokens.issue(state.appId, state.tokenLifetimeSeconds);
  const lifetime =
    expiresIn === undefined
      ? { expires_in: state.tokenLifetimeSeconds }
      : expiresIn === 'missing'
        ? {}
        : { expires_in: Number(expiresIn) };
  return { token_type: 'Bearer', ...lifetime, access_token: token };
}

/** Number of Entra's error, or undefined when the request deserves a token. */
function refusalOf(state: SimulatorState, tenant: string, form: URLSearchParams): string | undefined {
  if (tenant !== state.tenantId) return '90002';
  if (form.get('client_id') !== state.appId) return '700016';
  if (form.get('grant_type') !== 'client_credentials') return '70003';
  if (form.get('client_assertion')) return undefined;
  return form.get('client_secret') === state.secret ? undefined : '7000215';
}

const entraError = (code: string): object => ({
  error: code === '700016' ? 'unauthorized_client' : 'invalid_client',
  error_description: `AADSTS${code}: Refused by the simulator.`,
  error_codes: [Number(code)],
});

function answer(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
