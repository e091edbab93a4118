import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { authorityEndpoint } from './authority.ts';
import { makeCertificate } from './certificate.ts';
import { signalsEndpoint } from './signals.ts';
import { SimulatorState } from './state.ts';
import { DEFAULTS, type Simulator, type SimulatorOptions } from './types.ts';

/**
 * Start a connector API and its token endpoint on loopback, in this process.
 * @throws {SettingsError} when the fault specification is wrong
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const state = new SimulatorState(options);
  const { key, cert } = await makeCertificate();
  let authority = '';
  const api = createServer(
    { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 120_000 },
    signalsEndpoint(state),
  );
  const tokens = createTlsServer(
    { key, cert },
    authorityEndpoint(state, () => authority),
  );
  const url = `http://127.0.0.1:${await listen(api, options.port ?? 0)}`;
  authority = `https://127.0.0.1:${await listen(tokens, 0)}`;

  return {
    url,
    authority,
    ca: cert,
    tenantId: state.tenantId,
    appId: state.appId,
    secret: state.secret,
    jobId: state.jobs.keys().next().value ?? DEFAULTS.jobId,
    log: () => Promise.resolve([...state.journal]),
    setFaults: async (spec) => state.setFaults(spec),
    setSecret: async (secret) => {
      state.secret = secret;
    },
    expireTokens: async () => state.tokens.expireAll(),
    close: async () => {
      const closed = [api, tokens].map((server) => new Promise((resolve) => server.close(resolve)));
      api.closeAllConnections();
      tokens.closeAllConnections();
      await Promise.all(closed);
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
