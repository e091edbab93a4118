import type { Clock } from '../clock.ts';
import type { ConnectorConfig } from '../config/connectorConfig.ts';
import { fetchToken, type Proof } from './auth.ts';
import { createConnectorClient } from './client.ts';
import { keyVaultReader } from './keyVault.ts';
import type { TokenProvider } from './token.ts';
import { createTokenCache, fixedToken } from './tokenCache.ts';
import type { ConnectorClient } from './types.ts';

/** The client of one configured connector, with its own tokens and connections. */
export function connectConnector(config: ConnectorConfig, clock: Clock, deadlineMs: number): ConnectorClient {
  const { url, jobId, allowedHost } = config;
  return createConnectorClient({
    url,
    jobId,
    clock,
    deadlineMs,
    tokens: tokensOf(config, clock),
    ...(allowedHost === undefined ? {} : { allowedHost }),
  });
}

function tokensOf(config: ConnectorConfig, clock: Clock): TokenProvider {
  const { tenantId, appId, cloud, authority, authorityCa, resource, auth } = config;
  if (auth.kind === 'token') return fixedToken(auth.token.reveal());
  const proof: Proof = auth.kind === 'federated' ? auth : { kind: auth.kind, read: readerOf(auth.source) };
  const request = {
    tenantId,
    appId,
    cloud,
    authority,
    resource,
    proof,
    ...(authorityCa === undefined ? {} : { authorityCa }),
  };
  return createTokenCache(() => fetchToken(request), clock);
}

type Source = Extract<ConnectorConfig['auth'], { source: unknown }>['source'];

const readerOf = (source: Source): (() => Promise<string>) =>
  source.from === 'keyVault' ? keyVaultReader(source) : () => Promise.resolve(source.value.reveal());
