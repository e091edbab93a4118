import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { renderReference } from '../../shared/config/reference.ts';
import { renderDependencies } from './dependencyDocs.ts';
import { renderValidation } from './validationDocs.ts';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));

/** Documents made from code: where each lies and what it should hold. */
export async function generatedDocs(): Promise<readonly { readonly path: string; readonly text: string }[]> {
  const pages = {
    'configuration.md': renderReference(),
    'validation.md': await renderValidation(),
    'decisions/dependencies.md': await renderDependencies(),
  };
  const options = await resolveConfig(DOCS);
  return Promise.all(
    Object.entries(pages).map(async ([name, text]) => ({
      path: path.join(DOCS, name),
      text: await format(text, { ...options, parser: 'markdown' }),
    })),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { path, text } of await generatedDocs()) {
    const old = await readFile(path, 'utf8').catch(() => '');
    if (old !== text) await writeFile(path, text);
  }
}
