import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { suite, test } from 'node:test';
import { PROJECT } from '../../support/cli.ts';

type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Run a script where no Azure CLI is found. */
function run(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const file = path.join(PROJECT, 'infra/scripts', script);
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [file, ...args],
      { env: { PATH: '', SystemRoot: process.env['SystemRoot'], ...env } },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      },
    );
  });
}

const IDS = ['--identity', 'an-identity', '--tenant', 'a-tenant'];

suite('Scripts tell a fault in a sentence', () => {
  const wrong: [string, Promise<Ended>, number, RegExp][] = [
    ['without the Azure CLI', run('registerApp.ts', IDS), 1, /^The Azure CLI \(az\) was not found\. .*\n$/u],
    ['an option there is not', run('registerApp.ts', ['--nope']), 2, /--nope[^]*--identity {2}object id/u],
    ['nothing given', run('registerApp.ts', []), 2, /^--identity and --tenant are needed\.\n\nMakes the/u],
    [
      'a cloud there is not',
      run('registerApp.ts', [...IDS, '--cloud', 'moon']),
      2,
      /^--cloud is one of commercial/u,
    ],
    [
      'a variable that is not set',
      run('postdeploy.ts', [], { EVENT_SOURCE: 'blobWebhook' }),
      2,
      /^The variable AZURE_RESOURCE_GROUP is not set\.\n\nAfter a deployment/u,
    ],
  ];
  for (const [name, ended, code, words] of wrong) {
    test(name, async () => {
      const { code: found, stderr } = await ended;
      assert.match(stderr, words);
      assert.doesNotMatch(stderr, /\n {4}at |node:internal/u, 'a stack trace');
      assert.equal(found, code);
    });
  }

  test('help is no fault, and nothing to do is none either', async () => {
    const help = await run('registerApp.ts', ['--help']);
    assert.deepEqual([help.code, help.stderr, /--identity/u.test(help.stdout)], [0, '', true]);
    assert.deepEqual(await run('postdeploy.ts', []), { code: 0, stdout: '', stderr: '' });
  });
});
