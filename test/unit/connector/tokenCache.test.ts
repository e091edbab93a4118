import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { createTokenCache } from '../../../shared/connector/tokenCache.ts';
import type { FetchedToken } from '../../../shared/connector/token.ts';

let now = 0;
let fetches = 0;
let answers: FetchedToken[] = [];
const clock = { monotonic: () => now };
const HOUR = 3_600_000;
const good = (token: string, lifetimeMs = HOUR): FetchedToken => ({ ok: true, token, lifetimeMs });
const UNAVAILABLE: FetchedToken = { ok: false, failure: { kind: 'unavailable' } };

const cache = (...given: FetchedToken[]): ReturnType<typeof createTokenCache> => {
  answers = given;
  return createTokenCache(async () => {
    const next = answers[fetches] ?? answers.at(-1);
    fetches += 1;
    return next ?? UNAVAILABLE;
  }, clock);
};
const tokenOf = async (tokens: ReturnType<typeof createTokenCache>): Promise<string> => {
  const got = await tokens.get();
  return got.ok ? got.token : got.failure.kind;
};

beforeEach(() => {
  now = 0;
  fetches = 0;
});

describe('createTokenCache', () => {
  test('shares one fetch among all who ask at once', async () => {
    const tokens = cache(good('a'));
    const got = await Promise.all(Array.from({ length: 50 }, () => tokenOf(tokens)));
    assert.deepEqual(new Set(got), new Set(['a']));
    assert.equal(fetches, 1);
  });

  test('fetches anew before the token ends', async () => {
    const tokens = cache(good('a'), good('b'));
    assert.equal(await tokenOf(tokens), 'a');
    now = HOUR - 5 * 60_000 - 1;
    assert.equal(await tokenOf(tokens), 'a');
    now += 2;
    assert.equal(await tokenOf(tokens), 'b');
  });

  test('goes on with a token near its end while no newer one can be had, but not past it', async () => {
    const tokens = cache(good('a'), UNAVAILABLE);
    await tokens.get();
    now = HOUR - 1;
    assert.equal(await tokenOf(tokens), 'a');
    now = HOUR + 1;
    assert.equal(await tokenOf(tokens), 'unavailable');
  });

  for (const lifetimeMs of [0, -1, Number.NaN, Infinity, 48 * HOUR]) {
    test(`a lifetime of ${lifetimeMs} ms is a token failure, asked for once a second at most`, async () => {
      const tokens = cache(good('a', lifetimeMs));
      for (let i = 0; i < 20; i += 1) {
        assert.equal(await tokenOf(tokens), 'invalid');
        now += 100;
      }
      assert.ok(fetches <= 3, `${fetches} fetches in 2 s`);
    });
  }

  test('hands a refused token out no more; a late refusal of it spares the new one', async () => {
    const tokens = cache(good('a'), good('b'), good('c'));
    await tokens.get();
    tokens.reject('a');
    assert.equal(await tokenOf(tokens), 'b');
    tokens.reject('a');
    assert.equal(await tokenOf(tokens), 'b');
    assert.equal(fetches, 2);
  });

  test('renew forgets a token and a failure', async () => {
    const tokens = cache(good('a'), UNAVAILABLE, good('b'));
    await tokens.get();
    tokens.renew();
    assert.equal(await tokenOf(tokens), 'unavailable');
    tokens.renew();
    assert.equal(await tokenOf(tokens), 'b');
  });
});
