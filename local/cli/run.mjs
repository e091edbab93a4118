import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// Starts every npm script. Plain JavaScript, so that it can say what is wrong on a Node that cannot run the rest.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

/** Node 24, which "npm ci" installs inside the project; npm's scripts find it by themselves. */
const INSTALLED = fileURLToPath(
  new URL(`../../node_modules/node/bin/node${process.platform === 'win32' ? '.exe' : ''}`, import.meta.url),
);

if (major > 22 || (major === 22 && minor >= 19)) {
  await run();
} else if (existsSync(INSTALLED)) {
  runInstalled();
} else {
  console.error(`Node.js ${process.versions.node} is too old: 22.19 or later is needed.`);
  console.error(
    'Run "npm ci" without --ignore-scripts: it installs Node.js 24 inside the project, and "npm start" uses it.',
  );
  process.exitCode = 1;
}

async function run() {
  const programs = {
    build: '../build/build.ts',
    package: '../build/package.ts',
    test: '../../test/run.ts',
    coverage: '../../test/coverage.ts',
    mutate: '../../test/mutate.ts',
    bench: '../../bench/run.ts',
  };
  const [name = '', ...options] = process.argv.slice(2);
  const program = programs[name];
  try {
    const { main } = await import(program ?? './main.ts');
    await main(program === undefined ? process.argv.slice(2) : options);
  } catch (error) {
    console.error(`Error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

/** The same command by the Node that is installed; this process only waits for it. */
function runInstalled() {
  const child = spawn(INSTALLED, process.argv.slice(1), { stdio: 'inherit' });
  // A terminal sends its Ctrl-C to both; a second one would end the command at once.
  process.on('SIGINT', () => undefined);
  for (const name of ['SIGTERM', 'SIGHUP']) process.on(name, () => child.kill(name));
  child.once('error', (error) => {
    console.error(`Error: ${INSTALLED} cannot be started: ${error.message}`);
    process.exitCode = 1;
  });
  child.once('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}
