import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { AggregateAuthenticationError, CredentialUnavailableError } from '@azure/identity';
import { accountFault } from '../../../local/cli/accountFault.ts';
import { runCli } from '../../support/cli.ts';

test('who is not signed in is told how, without what the SDK tried', () => {
  const inner = new CredentialUnavailableError('EnvironmentCredential is unavailable.');
  for (const error of [inner, new AggregateAuthenticationError([inner], 'ChainedTokenCredential')]) {
    const fault = accountFault(error);
    assert.match(`${fault?.message} ${fault?.cure}`, /Nobody is signed in .*"az login"/u);
    assert.doesNotMatch(fault?.message ?? '', /Credential/u);
  }
});

test('other errors stay what they are', () => {
  for (const error of [new Error('403'), Object.assign(new Error(''), { statusCode: 500 }), 'text'])
    assert.equal(accountFault(error), undefined);
});

test('an account that refuses with 403 is told with the roles that are needed', async (t) => {
  const server = createServer((_, response) => {
    response.writeHead(403, { 'x-ms-error-code': 'AuthorizationPermissionMismatch' });
    response.end(
      '{"odata.error":{"code":"AuthorizationPermissionMismatch","message":{"value":"not yours"}}}',
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}/account`;
  const { code, stderr } = await runCli(['report'], {
    ExportStorage: `AccountName=account;AccountKey=a2V5;BlobEndpoint=${at};QueueEndpoint=${at};TableEndpoint=${at}`,
  });
  assert.equal(code, 1);
  assert.match(stderr, /^Error: The storage account refuses you \(403.*\nYou need the roles Storage Table/u);
  assert.doesNotMatch(stderr, /not yours|127\.0\.0\.1|RestError/u);
});
