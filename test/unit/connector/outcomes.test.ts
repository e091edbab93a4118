import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Answer, Break, ConnectFault, Exchange } from '../../../shared/connector/exchange.ts';
import {
  AADSTS,
  BREAKS,
  CONNECT_FAULTS,
  CUT,
  EARLY,
  STATUS_CLASSES,
  STATUSES,
  STRANGE,
  TOKEN_FAILURES,
} from '../../../shared/connector/outcomeTable.ts';
import {
  type Judgement,
  judge as judgeWith,
  noConnection,
  noToken,
} from '../../../shared/connector/outcomes.ts';

const NOW = Date.parse('2026-11-21T08:00:00Z');
const TOKEN = 'eyJhbGciOi.canary-token.0123456789';
const judge = (exchange: Exchange): Judgement => judgeWith(exchange, NOW, TOKEN);

const answered = (status: number, answer: Partial<Answer> = {}, sent = true): Exchange => ({
  kind: 'answered',
  sent,
  answer: { status, body: Buffer.alloc(0), ...answer },
});

const short = ({ certainty, next, reason }: Judgement): string => `${certainty} ${next} ${reason.code}`;
const verdict = (exchange: Exchange): string => short(judge(exchange));

describe('statuses', () => {
  const CASES: readonly [number, string, string][] = [
    [200, 'accepted done', 'ambiguous retry'],
    [202, 'accepted done', 'ambiguous retry'],
    [199, 'ambiguous retry', 'notAccepted retry'],
    [204, 'accepted done', 'ambiguous retry'],
    [299, 'accepted done', 'ambiguous retry'],
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
      const code = status >= 200 && status <= 299 ? 'ANSWER_EARLY' : `HTTP_${status}`;
      assert.equal(verdict(answered(status, {}, false)), `${partial} ${code}`);
      assert.equal(judge(answered(status)).reason.status, status);
    });
  }
});

describe('no answer', () => {
  const CASES: readonly [Break, boolean, string][] = [
    ['reset', false, 'notAccepted retry RESET'],
    ['reset', true, 'ambiguous retry RESET'],
    ['timeout', false, 'notAccepted retry TIMEOUT'],
    ['timeout', true, 'ambiguous retry TIMEOUT'],
    ['garbled', true, 'ambiguous retry GARBLED'],
  ];
  for (const [at, sent, expected] of CASES) {
    test(`${at}, body ${sent ? '' : 'not '}sent: ${expected}`, () => {
      const exchange = { kind: 'broken', at, sent } as const;
      assert.equal(verdict(exchange), expected);
      assert.equal(judge(exchange).stage, 'request');
    });
  }

  const UNCONNECTED: readonly [ConnectFault, string][] = [
    ['dns', 'notAccepted retry DNS_FAILED'],
    ['connect', 'notAccepted retry CONNECT_FAILED'],
    ['tls', 'notAccepted block TLS_FAILED'],
    ['forbiddenAddress', 'notAccepted block FORBIDDEN_ADDRESS'],
  ];
  for (const [fault, expected] of UNCONNECTED) {
    test(`no connection for ${fault}: ${expected}`, () => {
      const outcome = noConnection(fault);
      assert.equal(short(outcome), expected);
      assert.deepEqual([outcome.stage, outcome.durationMs], ['connection', 0]);
    });
  }

  for (const cut of ['reset', 'timeout', 'garbled', 'tooLong'] as const) {
    test(`a 2xx cut by ${cut} is ambiguous; a 429 cut so is still a 429`, () => {
      assert.match(verdict(answered(200, { cut })), /^ambiguous retry ANSWER_/);
      assert.equal(verdict(answered(200, { cut }, false)), 'ambiguous retry ANSWER_EARLY');
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
    ['{"RecordsSaved":1e999}', undefined, { anomaly: true }],
    ['{"RecordsSav', undefined, { anomaly: true }],
    ['[4]', 'application/json', {}],
    ['null', 'application/json', {}],
    ['not json', 'application/json', { anomaly: true }],
    ['<html></html>', undefined, { anomaly: true }],
    ['sign in', 'text/html; charset=utf-8', { anomaly: true }],
    ['', 'application/json', {}],
    ['{}', 'application/json', {}],
  ];
  for (const [body, contentType, expected] of CASES) {
    test(`${JSON.stringify(body)} as ${contentType ?? 'anything'}`, () => {
      const { certainty, next, recordsSaved, anomaly } = judge(
        answered(200, { body: Buffer.from(body), ...(contentType ? { contentType } : {}) }),
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
  test('a judgement holds what is known, and no field without a value', () => {
    const { cause, cure } = STATUSES[429]!;
    assert.deepEqual(judge(answered(429)), {
      certainty: 'notAccepted',
      next: 'retry',
      stage: 'request',
      reason: { code: 'HTTP_429', status: 429, cause, cure },
    });
    const down = TOKEN_FAILURES.unavailable;
    const unavailable = {
      certainty: 'notAccepted',
      next: 'retry',
      stage: 'token',
      reason: { code: 'TOKEN_UNAVAILABLE', cause: down.cause, cure: down.cure },
      durationMs: 0,
    };
    assert.deepEqual(noToken({ kind: 'unavailable' }), unavailable);
    assert.deepEqual(noToken({ kind: 'unavailable', status: 429, retryAfterMs: 7000 }), {
      ...unavailable,
      reason: { ...unavailable.reason, status: 429 },
      retryAfterMs: 7000,
    });
  });

  test('the words that came with a 413 are quoted too', () => {
    assert.equal(judge(answered(413, { body: Buffer.from('at most 4 MiB') })).words, 'at most 4 MiB');
  });

  test('quotes at most 2,000 characters, of refusals only, and never in the reason', () => {
    const body = Buffer.from(`canary ${'x'.repeat(3000)}`);

    const refused = judge(answered(400, { body }));
    const failed = judge(answered(500, { body }));

    assert.equal(refused.words?.length, 2000);
    assert.equal(failed.words, undefined);
    assert.doesNotMatch(JSON.stringify(refused.reason), /canary/);
  });

  test('quotes no part of the token, wherever the words are cut', () => {
    for (let before = 1960; before <= 2000; before++) {
      const whole = Buffer.from(`${'x'.repeat(before)}${TOKEN} and more`);
      assert.doesNotMatch(judge(answered(400, { body: whole })).words ?? '', /eyJhb/, `after ${before}`);
    }
    for (let length = 8; length < TOKEN.length; length++) {
      const body = Buffer.from(`You sent ${TOKEN.slice(0, length)}`);
      assert.equal(judge(answered(400, { body, cut: 'reset' })).words, 'You sent [token]');
    }
  });

  test('reads Retry-After of every answer that is no success', () => {
    assert.equal(judge(answered(429, { retryAfter: '3' })).retryAfterMs, 3000);
    assert.equal(judge(answered(503, { retryAfter: 'Sat, 21 Nov 2026 08:00:09 GMT' })).retryAfterMs, 9000);
    assert.equal(judge(answered(503, { retryAfter: 'never' })).retryAfterMs, undefined);
  });

  test('tells a secret that expired from one that is wrong', () => {
    const outcome = noToken({ kind: 'refused', status: 401, aadsts: '7000222' });

    assert.equal(short(noToken({ kind: 'refused' })), 'notAccepted block TOKEN_REFUSED');
    assert.match(outcome.reason.cause, /has expired.*AADSTS7000222/);
    assert.equal(outcome.reason.status, 401);
  });

  test('a token endpoint that is away or talks nonsense is tried again', () => {
    for (const kind of ['unavailable', 'invalid'] as const) {
      assert.match(short(noToken({ kind })), /^notAccepted retry TOKEN_/);
    }
    assert.equal(short(noToken({ kind: 'secret' })), 'notAccepted block SECRET_UNREADABLE');
  });

  test('the words for 403 and 404 name the known causes', () => {
    const { cause } = judge(answered(403)).reason;
    assert.match(cause, /APP_ID/);
    assert.match(cause, /another tenant/);
    assert.match(cause, /CLOUD/);
    assert.match(judge(answered(404)).reason.cause, /JOB_ID/);
  });
});

describe('what an operator reads', () => {
  const SENTENCE = /^[A-Z].{10,}\.$/;
  const TABLES = {
    STATUSES,
    STATUS_CLASSES,
    STRANGE: { STRANGE },
    EARLY: { EARLY },
    CUT,
    BREAKS,
    TOKEN_FAILURES,
    AADSTS,
  };
  /** What one can look at: a setting, a thing, a page. */
  const PLACE = /\b[A-Z]{3,}(?:_[A-Z]+)*\b|secret|certificate|quarantine|identity|docs\//u;
  for (const [table, entries] of Object.entries(TABLES)) {
    test(`${table}: each cause is a sentence, and each cure says where to look or that nothing need be done`, () => {
      for (const [key, { cause, cure }] of Object.entries(entries)) {
        assert.match(cause, SENTENCE, key);
        assert.match(cure, SENTENCE, key);
        assert.match(cure, cure.startsWith('None needed') ? /^None needed[.:]/ : PLACE, key);
      }
    });
  }

  test('what is tried again needs nobody; what blocks or refuses needs somebody', () => {
    for (const entries of [
      STATUSES,
      STATUS_CLASSES,
      { STRANGE },
      { EARLY },
      CUT,
      CONNECT_FAULTS,
      BREAKS,
      TOKEN_FAILURES,
    ]) {
      for (const [key, { next, cure }] of Object.entries(entries)) {
        const byItself = next === 'retry' || next === 'shrink' || next === 'done';
        assert.equal(cure.startsWith('None needed'), byItself, key);
      }
    }
  });

  // Microsoft's reference of AADSTS codes says what each means.
  const ENTRA: readonly [string, RegExp, RegExp][] = [
    ['7000215', /secret is wrong/, /new client secret/],
    ['7000222', /secret has expired/, /new client secret/],
    ['700027', /certificate/, /Upload the certificate/],
    ['700016', /app registration does not exist/, /APP_ID and TENANT_ID/],
    ['90002', /tenant does not exist/, /TENANT_ID and CLOUD/],
    ['500011', /resource/, /RESOURCE/],
    ['700212', /audience/, /audience/],
    ['700213', /subject/, /subject/],
    ['700211', /issuer/, /issuer/],
    ['700236', /another tenant/, /multi-tenant/],
  ];
  for (const [aadsts, cause, cure] of ENTRA) {
    test(`AADSTS${aadsts} is told by its own cause and cure`, () => {
      const { reason } = noToken({ kind: 'refused', aadsts });
      assert.match(reason.cause, cause);
      assert.ok(reason.cause.endsWith(`(AADSTS${aadsts})`));
      assert.match(reason.cure, cure);
    });
  }

  test('an AADSTS code that is not known is told beside the general cause and cure', () => {
    const { reason } = noToken({ kind: 'refused', aadsts: '12345' });
    assert.equal(reason.cause, `${TOKEN_FAILURES.refused.cause} (AADSTS12345)`);
    assert.equal(reason.cure, TOKEN_FAILURES.refused.cure);
  });
});
