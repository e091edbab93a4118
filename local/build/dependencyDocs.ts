import { readFile } from 'node:fs/promises';
import { DEPENDENCY_REASONS } from './dependencyReasons.ts';

const ROOT = new URL('../../', import.meta.url);

type Lock = { readonly packages: Readonly<Record<string, LockedPackage>> };
type LockedPackage = {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
};
type Manifest = Readonly<
  Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Record<string, string>>
>;

/** Licences that ask for no more than to keep the notice. */
const PERMISSIVE = new Set([
  'MIT',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
]);

/**
 * The page on dependencies, as Markdown: what each is for, and the licences of all packages of the lock file.
 * @throws {Error} for a dependency without a reason, and for a reason without a dependency
 */
export async function renderDependencies(): Promise<string> {
  const manifest = JSON.parse(await readFile(new URL('package.json', ROOT), 'utf8')) as Manifest;
  const { packages } = JSON.parse(await readFile(new URL('package-lock.json', ROOT), 'utf8')) as Lock;
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  checkReasons([dependencies, devDependencies, optionalDependencies].flatMap((each) => Object.keys(each)));
  const installed = Object.entries(packages).filter(([path]) => path !== '');
  const deployed = installed.filter(([, each]) => !each.dev && !each.optional && !each.devOptional);
  return [
    '# Dependencies',
    'Why each package is there, and under which licence. For whoever reviews the supply chain.',
    'Made by `npm run docs` from `package.json`, `package-lock.json` and `local/build/dependencyReasons.ts`; a test fails for a package without a reason.',
    '- Versions and hashes are pinned by `package-lock.json`. Only packages whose install scripts are needed may run them (`allowScripts` in `package.json`, enforced by npm 12 and newer).',
    '- What is deployed is a bundle. `npm run package` writes the packages of which anything is in it to `dist/sbom.cdx.json` (CycloneDX).',
    '- `npm audit --omit=dev --audit-level=high` runs in the workflow `ci`, a dependency review on each pull request, and Dependabot proposes updates.',
    '- `npm run unused` (knip) finds packages, files and exports that nothing uses.',
    '## At run time',
    usage(dependencies, packages),
    '## For local runs, tests and the build',
    usage({ ...devDependencies, ...optionalDependencies }, packages),
    '## Licences',
    `Of the ${deployed.length} packages that the run-time dependencies bring along (the bundle takes a part of them):`,
    licences(deployed),
    `Of all ${installed.length} packages in the lock file, those of every platform included:`,
    licences(installed),
    'Not merely permissive, and used in development only:',
    exceptions(installed),
  ].join('\n\n');
}

function checkReasons(names: readonly string[]): void {
  const missing = names.filter((name) => DEPENDENCY_REASONS[name] === undefined);
  const left = Object.keys(DEPENDENCY_REASONS).filter((name) => !names.includes(name));
  if (missing.length + left.length > 0)
    throw new Error(
      `local/build/dependencyReasons.ts: add ${missing.join(', ')}; remove ${left.join(', ')}.`,
    );
}

function usage(names: Readonly<Record<string, string>>, packages: Lock['packages']): string {
  const rows = Object.keys(names).map((name) => {
    const { license = 'unknown' } = packages[`node_modules/${name}`] ?? {};
    return [`\`${name}\``, DEPENDENCY_REASONS[name] ?? '', license];
  });
  return table(['package', 'what for', 'licence'], rows);
}

function licences(packages: readonly (readonly [string, LockedPackage])[]): string {
  const counts = new Map<string, number>();
  for (const [, { license = 'unknown' }] of packages) counts.set(license, (counts.get(license) ?? 0) + 1);
  const rows = [...counts].toSorted(([a, m], [b, n]) => n - m || a.localeCompare(b, 'en'));
  return table(
    ['licence', 'packages'],
    rows.map(([license, count]) => [license, String(count)]),
  );
}

function exceptions(packages: readonly (readonly [string, LockedPackage])[]): string {
  const rows = packages
    .filter(([, { license = 'unknown' }]) => !PERMISSIVE.has(license))
    .map(([path, { license = 'unknown', dev }]) => {
      if (!dev) throw new Error(`${path} is deployed under ${license}: decide whether that may be.`);
      return [`\`${path.replace(/^.*node_modules\//, '')}\``, license];
    });
  return table(['package', 'licence'], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
