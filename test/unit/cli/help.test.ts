import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from '../../support/cli.ts';

const help = async (command: string): Promise<string> => {
  const { code, stdout } = await runCli([command, '--help']);
  assert.equal(code, 0);
  return stdout.replaceAll(/\s+/gu, ' ');
};

for (const [command, usage, ...words] of [
  ['start', 'npm start -- [options] [files...]', /Exit codes: 0 .* 2 .* 1 /, /FAULTS are/, /--inspect/],
  [
    'watch',
    'npm run watch -- [options]',
    /--out <dir> storage, reports and logs live here; exports are dropped into/,
  ],
  ['check', 'npm run check -- [options] <files...>', /Exit codes: 0 .* 2 .* 1 /, /docs\/commands\.md/],
  ['generate', 'npm run generate -- [options]', /kinds: missing-value, bad-time/],
  [
    'replay',
    'npm run replay -- [options]',
    /CONNECTOR_<NAME>_MAPPING/,
    /ExportStorage=UseDevelopmentStorage=true/,
  ],
  ['report', 'npm run report -- [options]', /\(default: the day of --to\)/],
  ['func', 'npm run start:func -- [options]', /FAULTS are/],
] as const) {
  test(`${command} --help shows how it is typed, and what else a caller has to know`, async () => {
    const text = await help(command);
    assert.ok(text.startsWith(`Usage: ${usage} `), text.slice(0, 80));
    for (const word of words) assert.match(text, word);
  });
}

test('help of start names the way for a token that no list of processes shows', async () => {
  assert.match(await help('start'), /--connector-token <text> .*CONNECTOR_<NAME>_TOKEN/);
});

test('Core Tools start the functions themselves: no debugger is offered there', async () => {
  assert.doesNotMatch(await help('func'), /--inspect/);
});
