import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withFullNames } from '../../../shared/config/settingNames.ts';
import { STATUSES, TOKEN_FAILURES } from '../../../shared/connector/outcomeTable.ts';

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
