import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedClient } from '../../../shared/config/namedClient.ts';
import { withFullNames } from '../../../shared/config/settingNames.ts';
import { STATUSES, TOKEN_FAILURES } from '../../../shared/connector/outcomeTable.ts';
import type { ConnectorClient, Preparation, SendOutcome } from '../../../shared/connector/types.ts';

const named = (verdict: { cause: string; cure: string } | undefined): string => {
  assert.ok(verdict);
  const { cause, cure } = withFullNames({ code: 'X', cause: verdict.cause, cure: verdict.cure }, 'my-clinic');
  return `${cause} ${cure}`;
};

test('a setting that a reason names is one that can be set', () => {
  assert.match(named(STATUSES[403]), /CONNECTOR_MY_CLINIC_APP_ID is not the app.*CONNECTOR_MY_CLINIC_CLOUD/u);
  const unreadable = named(TOKEN_FAILURES.secret);
  assert.match(unreadable, /Check CONNECTOR_MY_CLINIC_KEY_VAULT_URL, CONNECTOR_MY_CLINIC_SECRET_NAME and/u);
  assert.doesNotMatch(unreadable, /CONNECTOR_MY_CLINIC_\w*CONNECTOR/u, 'KEY_VAULT_URL is not URL');
  assert.match(named(STATUSES[413]), /lower RECORDS_PER_REQUEST/u, 'no setting of a connector');
});

const blocked: SendOutcome = {
  certainty: 'notAccepted',
  next: 'block',
  stage: 'request',
  reason: { code: 'HTTP_404', status: 404, cause: 'JOB_ID is wrong.', cure: 'Copy JOB_ID.' },
  durationMs: 1,
};

/** A client that does as it is told, and counts what it is asked for. */
function aClient(preparation: Preparation): { client: ConnectorClient; asked: string[] } {
  const asked: string[] = [];
  const client: ConnectorClient = {
    frame: { contentType: 'text/csv', head: Buffer.alloc(0), tail: Buffer.alloc(0) },
    prepare: () => Promise.resolve(preparation),
    renewCredential: () => void asked.push('renewCredential'),
    close: () => Promise.resolve(void asked.push('close')),
  };
  return { client, asked };
}

const CAUSE = 'CONNECTOR_CLINIC_JOB_ID is wrong.';

test('what a client says of a request, and of one that could not begin, bears full names', async () => {
  const { signal } = new AbortController();
  const failed = await namedClient(aClient({ kind: 'failed', outcome: blocked }).client, 'clinic').prepare(
    signal,
  );
  assert.equal(failed?.kind === 'failed' && failed.outcome.reason.cause, CAUSE);

  let released = 0;
  const request = { send: () => Promise.resolve(blocked), release: () => void (released += 1) };
  const { client, asked } = aClient({ kind: 'ready', request });
  const named = namedClient(client, 'clinic');
  const ready = await named.prepare(signal);
  assert.ok(ready?.kind === 'ready');
  assert.equal((await ready.request.send([], () => true))?.reason.cause, CAUSE);
  ready.request.release();
  named.renewCredential();
  await named.close();
  assert.deepEqual([released, asked], [1, ['renewCredential', 'close']]);
});
