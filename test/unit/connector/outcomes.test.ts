import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Answer, Exchange } from '../../../shared/connector/exchange.ts';
import { type Judgement, judge } from '../../../shared/connector/outcomes.ts';

const NOW = Date.parse('2026-11-21T08:00:00Z');

const answered = (status: number, answer: Partial<Answer> = {}, sent = true): Exchange => ({
  kind: 'answered',
  sent,
  answer: { status, body: Buffer.alloc(0), ...answer },
});

const verdict = (exchange: Exchange): string => {
  const { certainty, next, code } = judge(exchange, NOW);
  return `${certainty} ${next} ${code}`;
};

describe('statuses', () => {
  const CASES: readonly [number, string, string][] = [
    [200, 'accepted done', 'accepted done'],
    [202, 'accepted done', 'accepted done'],
    [204, 'accepted done', 'accepted done'],
    [301, 'notAccepted block', 'notAccepted block'],
    [307, 'notAccepted block', 'notAccepted block'],
    [400, 'notAccepted refuse', 'notAccepted refuse'],
    [401, 'notAccepted refreshToken', 'notAccepted refreshToken'],
    [403, 'notAccepted block', 'notAccepted block'],
    [404, 'notAccepted block', 'notAccepted block'],
    [405, 'notAccepted block', 'notAccepted block'],
    [408, 'ambiguous retry', 'notAccepted retry'],
    [413, 'notAccepted shrink', 'notAccepted shrink'],
    [422, 'notAccepted refuse', 'notAccepted refuse'],
    [425, 'notAccepted retry', 'notAccepted retry'],
    [429, 'notAccepted retry', 'notAccepted retry'],
    [500, 'ambiguous retry', 'notAccepted retry'],
    [501, 'ambiguous retry', 'notAccepted retry'],
    [502, 'ambiguous retry', 'notAccepted retry'],
    [503, 'ambiguous retry', 'notAccepted retry'],
    [504, 'ambiguous retry', 'notAccepted retry'],
    [599, 'ambiguous retry', 'notAccepted retry'],
    [700, 'ambiguous retry', 'notAccepted retry'],
  ];
  for (const [status, whole, partial] of CASES) {
    test(`${status}: ${whole}, and with half a body ${partial}`, () => {
      assert.equal(verdict(answered(status)), `${whole} HTTP_${status}`);
      assert.equal(verdict(answered(status, {}, false)), `${partial} HTTP_${status}`);
      assert.equal(judge(answered(status), NOW).reason.status, status);
    });
  }
});

describe('no answer', () => {
  const CASES: readonly [Exclude<Exchange, { kind: 'noToken' | 'answered' }>['at'], boolean, string][] = [
    ['dns', false, 'notAccepted retry DNS_FAILED'],
    ['connect', false, 'notAccepted retry CONNECT_FAILED'],
    ['tls', false, 'notAccepted block TLS_FAILED'],
    ['forbiddenAddress', false, 'notAccepted block FORBIDDEN_ADDRESS'],
    ['reset', false, 'notAccepted retry RESET'],
    ['reset', true, 'ambiguous retry RESET'],
    ['timeout', false, 'notAccepted retry TIMEOUT'],
    ['timeout', true, 'ambiguous retry TIMEOUT'],
    ['garbled', true, 'ambiguous retry GARBLED'],
  ];
  for (const [at, sent, expected] of CASES) {
    test(`${at}, body ${sent ? '' : 'not '}sent: ${expected}`, () => {
      assert.equal(verdict({ kind: 'broken', at, sent }), expected);
    });
  }

  for (const cut of ['reset', 'timeout', 'garbled', 'tooLong'] as const) {
    test(`a 2xx cut by ${cut} is ambiguous; a 429 cut so is still a 429`, () => {
      assert.match(verdict(answered(200, { cut })), /^ambiguous retry ANSWER_/);
      assert.equal(verdict(answered(429, { cut })), 'notAccepted retry HTTP_429');
    });
  }
});

describe('what a 2xx says', () => {
  const CASES: readonly [string, string | undefined, Pick<Judgement, 'recordsSaved' | 'anomaly'>][] = [
    ['', undefined, {}],
    ['Success', 'text/plain', {}],
    ['"ok"', 'application/json', {}],
    ['{"RecordsSaved":4}', 'application/json', { recordsSaved: 4 }],
    ['  {"RecordsSaved": 0, "other": 1}\n', undefined, { recordsSaved: 0 }],
    ['{"RecordsSaved":"4"}', 'application/json', {}],
    ['{"RecordsSaved":-1}', 'application/json', { anomaly: true }],
    ['{"RecordsSaved":1.5}', 'application/json', { anomaly: true }],
    ['{"RecordsSav', 'application/json', { anomaly: true }],
    ['not json', 'application/json', { anomaly: true }],
    ['<html></html>', undefined, { anomaly: true }],
    ['sign in', 'text/html; charset=utf-8', { anomaly: true }],
  ];
  for (const [body, contentType, expected] of CASES) {
    test(`${JSON.stringify(body)} as ${contentType ?? 'anything'}`, () => {
      const { certainty, next, recordsSaved, anomaly } = judge(
        answered(200, { body: Buffer.from(body), ...(contentType ? { contentType } : {}) }),
        NOW,
      );
      assert.deepEqual({ certainty, next }, { certainty: 'accepted', next: 'done' });
      assert.deepEqual(
        { recordsSaved, anomaly },
        { recordsSaved: undefined, anomaly: undefined, ...expected },
      );
    });
  }
});

describe('the rest', () => {
  test('quotes at most 2,000 characters, of refusals only, and never in the reason', () => {
    const body = Buffer.from(`canary ${'x'.repeat(3000)}`);

    const refused = judge(answered(400, { body }), NOW);
    const failed = judge(answered(500, { body }), NOW);

    assert.equal(refused.words?.length, 2000);
    assert.equal(failed.words, undefined);
    assert.doesNotMatch(JSON.stringify(refused.reason), /canary/);
  });

  test('reads Retry-After of every answer that is no success', () => {
    assert.equal(judge(answered(429, { retryAfter: '3' }), NOW).retryAfterMs, 3000);
    assert.equal(
      judge(answered(503, { retryAfter: 'Sat, 21 Nov 2026 08:00:09 GMT' }), NOW).retryAfterMs,
      9000,
    );
    assert.equal(judge(answered(503, { retryAfter: 'never' }), NOW).retryAfterMs, undefined);
  });

  test('tells a secret that expired from one that is wrong', () => {
    const outcome = judge(
      { kind: 'noToken', failure: { kind: 'refused', status: 401, aadsts: '7000222' } },
      NOW,
    );

    assert.equal(
      verdict({ kind: 'noToken', failure: { kind: 'refused' } }),
      'notAccepted block TOKEN_REFUSED',
    );
    assert.match(outcome.reason.cause, /has expired.*AADSTS7000222/);
    assert.equal(outcome.status, 401);
  });

  test('a token endpoint that is away or talks nonsense is tried again', () => {
    for (const kind of ['unavailable', 'invalid'] as const) {
      assert.match(verdict({ kind: 'noToken', failure: { kind } }), /^notAccepted retry TOKEN_/);
    }
    assert.equal(
      verdict({ kind: 'noToken', failure: { kind: 'secret' } }),
      'notAccepted block SECRET_UNREADABLE',
    );
  });

  test('the words for 403 and 404 name the known causes', () => {
    const { cause } = judge(answered(403), NOW).reason;
    assert.match(cause, /APP_ID/);
    assert.match(cause, /another tenant/);
    assert.match(cause, /CLOUD/);
    assert.match(judge(answered(404), NOW).reason.cause, /JOB_ID/);
  });
});
