// Starts every npm script. Plain JavaScript, so that it can say what is wrong on a Node that cannot run the rest.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 19)) {
  console.error(`Node.js ${process.versions.node} is too old: 22.19 or later is needed.`);
  console.error(
    'Run "npm ci" without --ignore-scripts: it installs Node.js 24 inside the project, and "npm start" uses it.',
  );
  process.exit(1);
}

const PROGRAMS = {
  build: '../build/build.ts',
  package: '../build/package.ts',
  test: '../../test/run.ts',
  coverage: '../../test/coverage.ts',
  mutate: '../../test/mutate.ts',
  bench: '../../bench/run.ts',
};

const [name = '', ...options] = process.argv.slice(2);
const program = PROGRAMS[name];
try {
  const { main } = await import(program ?? './main.ts');
  await main(program === undefined ? process.argv.slice(2) : options);
} catch (error) {
  console.error(`Error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
