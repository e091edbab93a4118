import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { faultFor, isMarked } from '../../../local/simulator/faultPlan.ts';
import { parseFaults } from '../../../local/simulator/faultSpec.ts';
import { SettingsError } from '../../../shared/errors.ts';

/** The rules that apply to the requests 1 to `count`. */
const hits = (spec: string, count: number, seed = 1): string[] =>
  Array.from(
    { length: count },
    (_, i) =>
      faultFor(parseFaults(spec), seed, { number: i + 1, elapsedMs: 0, part: Buffer.from('a,b\n') })?.text ??
      '-',
  );

describe('parseFaults', () => {
  test('reads every form of the grammar', () => {
    const [status, range, open, first, hash, lifetime] = parseFaults(
      '503:5%:accepted, 429@10-20:retry-after=date+2,reset-after@7-,down:first=100:for=3,400:hash=1/1000:above=5,token-lifetime:expires_in=missing',
    );

    assert.deepEqual([status?.status, status?.share, status?.accepted], [503, 0.05, true]);
    assert.deepEqual([range?.from, range?.to, range?.retryAfter], [10, 20, 'date+2']);
    assert.deepEqual([open?.kind, open?.from, open?.to], ['reset-after', 7, Infinity]);
    assert.deepEqual([first?.to, first?.forMs], [100, 3000]);
    assert.deepEqual([hash?.hash, hash?.above], [{ hits: 1, of: 1000 }, 5]);
    assert.deepEqual([lifetime?.kind, lifetime?.expiresIn], ['token-lifetime', 'missing']);
    assert.deepEqual(parseFaults(''), []);
  });

  for (const spec of [
    'teapot',
    '99',
    '600',
    '503@',
    '503@x',
    '503@9-3',
    '503:101%',
    '503:often',
    '400:hash=1/0',
    'down:first=x',
  ]) {
    test(`refuses ${spec} by name`, () => {
      assert.throws(
        () => parseFaults(`500,${spec}`),
        (error) =>
          error instanceof SettingsError &&
          error.message.includes(`"${spec}"`) &&
          error.message.includes('KIND'),
      );
    });
  }
});

describe('faultFor', () => {
  test('goes by the number of the request, the first rule that applies wins', () => {
    assert.deepEqual(hits('500@2-3,503@3-4', 5), ['-', '500@2-3', '500@2-3', '503@3-4', '-']);
    assert.deepEqual(hits('down:first=2', 3), ['down:first=2', 'down:first=2', '-']);
  });

  test('draws the same for the same seed, about as often as asked', () => {
    const drawn = hits('503:5%', 4000);
    assert.deepEqual(hits('503:5%', 4000), drawn);
    assert.notDeepEqual(hits('503:5%', 4000, 2), drawn);
    const count = drawn.filter((hit) => hit !== '-').length;
    assert.ok(count > 150 && count < 250, `${count} of 4000`);
  });

  test('goes by time and size', () => {
    const rules = parseFaults('503:for=2,413:above=3');
    assert.equal(faultFor(rules, 1, { number: 1, elapsedMs: 1999 })?.status, 503);
    assert.equal(faultFor(rules, 1, { number: 1, elapsedMs: 2001 }), undefined);
    assert.equal(faultFor(rules, 1, { number: 1, elapsedMs: 2001, part: Buffer.from('abcd') })?.status, 413);
    assert.equal(faultFor(rules, 1, { number: 1, elapsedMs: 2001, part: Buffer.from('abc') }), undefined);
  });

  test('goes by the hash of a record, which a test can compute; never of the header', () => {
    const lines = Array.from({ length: 50 }, (_, i) => `${i},x`);
    const rule = { hits: 1, of: 5 };
    const marked = lines.filter((line) => isMarked(Buffer.from(line), rule));
    assert.ok(marked.length > 0 && marked.length < 50);
    for (const line of lines) {
      const part = Buffer.from(`${marked[0]}\n${line}\r\n`);
      const hit = faultFor(parseFaults('400:hash=1/5'), 1, { number: 1, elapsedMs: 0, part });
      assert.equal(hit !== undefined, marked.includes(line));
    }
  });
});
