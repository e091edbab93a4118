import assert from 'node:assert/strict';
import { test } from 'node:test';
import { looksLikeEmail } from '../../../shared/schema/email.ts';

const judge = (text: string): boolean => {
  const bytes = Buffer.from(`@${text}@`);
  return looksLikeEmail(bytes, 1, bytes.length - 1);
};

for (const text of [
  'a@b',
  'ann.doe@example.org',
  "o'neil+x@a-b.example",
  'jörg@müller.example',
  'x#EXT#@t.example',
  '.a.@b',
])
  test(`${text} is an address`, () => assert.equal(judge(text), true));

for (const text of [
  '',
  'a',
  '@',
  'a@',
  '@b',
  'a@b@c',
  'a b@c',
  'a@b c',
  'a@.b',
  'a@b.',
  'a@b..c',
  'a@b,c',
  '"a"@b',
  'a@[1.2.3.4]',
  'DOM\\a@b',
  'a;b@c',
  'a@b\t',
])
  test(`${JSON.stringify(text)} is none`, () => assert.equal(judge(text), false));
