import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { generate } from 'selfsigned';
import { makeCertificate } from '../../local/simulator/certificate.ts';
import { startSimulator } from '../../local/simulator/simulator.ts';
import type { JournalEntry, Simulator } from '../../local/simulator/types.ts';
import { fetchToken, type Proof, type TokenRequest } from '../../shared/connector/auth.ts';
import { DEFAULT_RESOURCE } from '../../shared/connector/clouds.ts';
import type { FetchedToken } from '../../shared/connector/token.ts';

// The real @azure/identity against a token endpoint over TLS.
let simulator: Simulator;
before(async () => {
  simulator = await startSimulator();
});
after(() => simulator.close());
beforeEach(() => simulator.setFaults(''));

const secret = (value: string): Proof => ({ kind: 'secret', read: () => Promise.resolve(value) });

const request = (changes: Partial<TokenRequest> = {}): TokenRequest => ({
  tenantId: simulator.tenantId,
  appId: simulator.appId,
  cloud: 'commercial',
  authority: simulator.authority,
  authorityCa: simulator.ca,
  resource: DEFAULT_RESOURCE,
  proof: secret(simulator.secret),
  ...changes,
});

const failureOf = (got: FetchedToken): string => {
  assert.ok(!got.ok, 'expected a failure');
  const { kind, status, aadsts } = got.failure;
  return [kind, status, aadsts].filter((word) => word !== undefined).join(' ');
};

const tokenRequests = async (): Promise<JournalEntry[]> =>
  (await simulator.log()).filter(({ kind }) => kind === 'token');

describe('fetchToken', () => {
  test('gets a token for a client secret, with its lifetime', async () => {
    const got = await fetchToken(request());
    assert.ok(got.ok);
    assert.match(got.token, /^simulated\./);
    assert.ok(got.lifetimeMs > 3_590_000 && got.lifetimeMs <= 3_600_500, String(got.lifetimeMs));
  });

  test('gets one for a certificate in PEM', async () => {
    const { private: key, cert } = await generate(undefined, { algorithm: 'sha256' });
    const got = await fetchToken(
      request({ proof: { kind: 'certificate', read: async () => `${key}\n${cert}` } }),
    );
    assert.ok(got.ok);
  });

  test('asks anew and reads the secret anew each time', async () => {
    let reads = 0;
    const proof: Proof = {
      kind: 'secret',
      read: async () => {
        reads += 1;
        return simulator.secret;
      },
    };
    const [first, second] = [await fetchToken(request({ proof })), await fetchToken(request({ proof }))];
    assert.ok(first.ok && second.ok && first.token !== second.token);
    assert.equal(reads, 2);
  });

  test('tells refusals with Entra’s number', async () => {
    assert.equal(failureOf(await fetchToken(request({ proof: secret('wrong') }))), 'refused 401 7000215');
    assert.equal(failureOf(await fetchToken(request({ appId: 'other' }))), 'refused 401 700016');
    assert.equal(failureOf(await fetchToken(request({ tenantId: 'other' }))), 'refused 401 90002');
    await simulator.setFaults('token-400');
    assert.equal(failureOf(await fetchToken(request())), 'refused 400 7000222');
  });

  test('an endpoint that fails or throttles is unavailable, asked once, with its Retry-After', async () => {
    for (const status of [429, 500, 503]) {
      await simulator.setFaults(`token-${status}:retry-after=7`);
      const asked = (await tokenRequests()).length;
      const got = await fetchToken(request());
      assert.equal(failureOf(got).startsWith(`unavailable ${status}`), true, failureOf(got));
      assert.equal(got.ok ? undefined : got.failure.retryAfterMs, 7000);
      assert.equal((await tokenRequests()).length - asked, 1);
    }
  });

  test('an endpoint that hangs is given up at the deadline', async () => {
    await simulator.setFaults('token-hang');
    assert.equal(failureOf(await fetchToken(request({ timeoutMs: 300 }))), 'unavailable');
  });

  test('an endpoint that is away is unavailable', async () => {
    assert.equal(failureOf(await fetchToken(request({ authority: 'https://127.0.0.1:1' }))), 'unavailable');
  });

  test('an endpoint whose certificate is not trusted gets no secret', async () => {
    const asked = (await tokenRequests()).length;
    const { cert } = await makeCertificate();
    assert.equal(failureOf(await fetchToken(request({ authorityCa: cert }))), 'unavailable');
    assert.equal((await tokenRequests()).length, asked);
  });

  test('a reply that is no token, or one of no lifetime, is never taken for one', async () => {
    await simulator.setFaults('token-malformed');
    assert.equal(failureOf(await fetchToken(request())), 'invalid 200');
    for (const value of ['0', '-5', 'missing']) {
      await simulator.setFaults(`token-lifetime:expires_in=${value}`);
      assert.match(failureOf(await fetchToken(request())), /^invalid/, `expires_in ${value}`);
    }
  });

  test('a secret that cannot be read is told apart from a vault that is away', async () => {
    const failing = (statusCode?: number): Proof => ({
      kind: 'secret',
      read: () => Promise.reject(Object.assign(new Error('canary'), statusCode ? { statusCode } : {})),
    });
    assert.equal(failureOf(await fetchToken(request({ proof: failing(403) }))), 'secret');
    assert.equal(failureOf(await fetchToken(request({ proof: failing(503) }))), 'unavailable');
    assert.equal(failureOf(await fetchToken(request({ proof: failing() }))), 'unavailable');
  });

  test('a managed identity that is not there is a secret that cannot be read', async () => {
    const unavailable = Object.assign(new Error('no identity here'), { name: 'CredentialUnavailableError' });
    const proof: Proof = { kind: 'secret', read: () => Promise.reject(unavailable) };
    assert.equal(failureOf(await fetchToken(request({ proof }))), 'secret');
  });

  test('a certificate that is not PEM is a secret that cannot be read', async () => {
    const proof: Proof = { kind: 'certificate', read: async () => 'MIIK canary' };
    assert.equal(failureOf(await fetchToken(request({ proof }))), 'secret');
  });

  test('asks no proxy of the environment', async (t) => {
    const before = process.env['HTTPS_PROXY'];
    process.env['HTTPS_PROXY'] = 'http://127.0.0.1:1';
    t.after(() => {
      if (before === undefined) delete process.env['HTTPS_PROXY'];
      else process.env['HTTPS_PROXY'] = before;
    });
    assert.ok((await fetchToken(request())).ok);
  });
});
