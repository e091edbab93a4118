import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { suite, test } from 'node:test';
import { lintSource } from '@secretlint/core';
import { creator } from '@secretlint/secretlint-rule-preset-recommend';

const ROOT = join(import.meta.dirname, '..', '..');

/** The emulator's key: published by Microsoft, the same on every machine, protects nothing. */
const EMULATOR_KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** What Azure and Entra ID give out, which the general rules do not know. */
const AZURE_SECRETS = [
  { name: 'key of a storage account', pattern: /AccountKey=[\d+/A-Za-z]{60,}={0,2}/u },
  { name: 'shared access signature', pattern: /[?&]sig=[\w%+/-]{30,}/u },
  { name: 'client secret of Entra ID', pattern: /(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}(?![\w~.-])/u },
  { name: 'key of a function', pattern: /[?&]code=[\w-]{40,}={0,2}/u },
  { name: 'token', pattern: /eyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}/u },
  { name: 'private key', pattern: /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*[\d+/A-Za-z]{40,}/u },
];

/** Names of what looks like a secret in a text; never the secret itself. */
async function secretsIn(path: string, text: string): Promise<string[]> {
  const content = text.replaceAll(EMULATOR_KEY, '');
  const { messages } = await lintSource({
    source: { filePath: path, content, ext: extname(path), contentType: 'text' },
    options: { config: { rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: creator }] } },
  });
  return [
    ...messages.map(({ ruleId, loc }) => `${path}:${loc.start.line} ${ruleId}`),
    ...AZURE_SECRETS.filter(({ pattern }) => pattern.test(content)).map(({ name }) => `${path}: ${name}`),
  ];
}

suite('Secrets', () => {
  test('no file of the repository holds one', async () => {
    const paths = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
      .split('\0')
      .filter((path) => path !== '' && statSync(join(ROOT, path), { throwIfNoEntry: false })?.isFile());
    assert.ok(paths.length > 50);
    const found: string[] = [];
    for (const path of paths) found.push(...(await secretsIn(path, readFileSync(join(ROOT, path), 'utf8'))));
    assert.deepEqual(found, []);
  });

  test('the settings for local runs name development storage and nothing else', () => {
    const { Values } = JSON.parse(readFileSync(join(ROOT, 'local.settings.json'), 'utf8')) as {
      Values: Record<string, string>;
    };
    for (const [name, value] of Object.entries(Values)) {
      assert.match(value, /^(?:UseDevelopmentStorage=true|[\w,-]{1,40})$/u, name);
    }
  });

  // Made as the test runs, so that this file holds none of them.
  const word = (length: number): string => randomBytes(length).toString('hex').slice(0, length);
  const samples = {
    'storage key': `AccountName=a;AccountKey=${randomBytes(64).toString('base64')}`,
    'shared access signature': `https://a.blob.core.windows.net/exports/a.csv?sv=2024-11-04&sig=${word(40)}`,
    'client secret': `${word(3)}8Q~${word(34)}`,
    'function key': `https://a.azurewebsites.net/api/status?code=${word(54)}==`,
    token: ['eyJ' + word(30), 'eyJ' + word(60), word(40)].join('.'),
    'private key': ['-----BEGIN', 'PRIVATE KEY-----\n' + randomBytes(48).toString('base64')].join(' '),
    'GitHub token': `ghp_${word(36)}`,
  };
  for (const [name, sample] of Object.entries(samples)) {
    test(`a ${name} would be found`, async () => {
      assert.notDeepEqual(await secretsIn('sample.txt', `value: ${sample}\n`), []);
    });
  }
});
