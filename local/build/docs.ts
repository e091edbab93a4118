import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { renderReference } from '../../shared/config/reference.ts';

const TARGET = fileURLToPath(new URL('../../docs/configuration.md', import.meta.url));

/** Documents made from code: where each lies and what it should hold. */
export async function generatedDocs(): Promise<readonly { readonly path: string; readonly text: string }[]> {
  const options = await resolveConfig(TARGET);
  return [{ path: TARGET, text: await format(renderReference(), { ...options, parser: 'markdown' }) }];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { path, text } of await generatedDocs()) {
    const old = await readFile(path, 'utf8').catch(() => '');
    if (old !== text) await writeFile(path, text);
  }
}
