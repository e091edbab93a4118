import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AggregateAuthenticationError,
  AuthenticationRequiredError,
  CredentialUnavailableError,
} from '@azure/identity';
import { isEnvironmentFault } from '../../../shared/delivery/faultKinds.ts';
import { ConflictError, SourceLostError } from '../../../shared/errors.ts';
import { isTransient } from '../../../shared/storage/retry.ts';

test('an identity that cannot be asked for a token is a fault of the environment, which passes', () => {
  for (const error of [
    new CredentialUnavailableError('IMDS is away'),
    new AuthenticationRequiredError({ scopes: ['storage'] }),
    new AggregateAuthenticationError([new CredentialUnavailableError('IMDS is away')]),
  ]) {
    assert.ok(isEnvironmentFault(error), error.name);
    assert.ok(isTransient(error), error.name);
  }
});

test('a status or a code of the system is the environment; what the program throws is not', () => {
  const coded = (facts: object): Error => Object.assign(new Error('x'), facts);
  for (const error of [
    coded({ statusCode: 503 }),
    coded({ code: 'ECONNRESET' }),
    coded({ name: 'TimeoutError' }),
  ])
    assert.ok(isEnvironmentFault(error));
  const lost = new SourceLostError({ code: 'SOURCE_LOST', cause: 'Gone.', cure: 'None.' });
  for (const error of [
    new TypeError('x'),
    coded({ code: 'ERR_INVALID_ARG_TYPE' }),
    new ConflictError('x'),
    lost,
    'text',
  ])
    assert.ok(!isEnvironmentFault(error));
});
