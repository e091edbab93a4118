import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { HEADER_COLUMNS } from './healthcare.ts';

/** What must turn up nowhere: parts of every field's value, and secrets. Each occurs in no word of ours. */
export const CANARY = {
  field: 'Kanarienvogel7Qx',
  /** Looks different in a URL, in JSON and in HTML. */
  awkward: 'Kanari"en/V<ögel>&8Zw',
  mail: 'kanarie9vx',
  instant: '08:17:43.917',
  secret: 'Kanari~Geheim_3Pq.x',
  /** Begins every token that the simulated authority issues. */
  token: 'simulated.',
} as const;

/** A record whose every field carries a canary, without line end; `bad` breaks it so that it is refused. */
export function canaryRecord(number: number, bad = false): string {
  const fields = HEADER_COLUMNS.map((column) => {
    if (column === 'Creation Time') return bad ? `noon ${CANARY.field}` : `2025-11-20T${CANARY.instant}Z`;
    if (column.startsWith('Email')) return `${CANARY.mail}${String(number)}@hospital.example`;
    return number % 2 === 0 ? CANARY.awkward : `${CANARY.field}-${String(number)}`;
  });
  return fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(',');
}

/** An export of canaries; every `badEvery`th record is refused. */
export function canaryExport(count: number, badEvery = Infinity): string {
  const records = Array.from({ length: count }, (_, index) =>
    canaryRecord(index + 1, (index + 1) % badEvery === 0),
  );
  return [HEADER_COLUMNS.join(','), ...records].map((line) => `${line}\r\n`).join('');
}

/** Forms in which a text may hide in another. */
function formsOf(text: string): string[] {
  const html = text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
  const json = JSON.stringify(text).slice(1, -1);
  const plain = [text, html, json, JSON.stringify(json).slice(1, -1), text.replaceAll('"', '""')];
  const base64 = [0, 1, 2].flatMap((offset) =>
    ['base64', 'base64url'].map((kind) => base64At(text, offset, kind as 'base64')),
  );
  return [...new Set([...plain, encodeURIComponent(text), encodeURI(text), ...base64])];
}

/** What of a text's base64 does not depend on what stands around it, when it begins `offset` bytes into a group of three. */
function base64At(text: string, offset: number, kind: 'base64' | 'base64url'): string {
  const encoded = Buffer.from('\0'.repeat(offset) + text)
    .toString(kind)
    .replaceAll('=', '');
  return encoded.slice(offset === 0 ? 0 : 4, -3);
}

const FORMS = Object.entries(CANARY).map(([name, text]) => ({ name, forms: formsOf(text) }));

/** Canaries that a text holds in whatever form. */
export function canariesIn(text: string): string[] {
  return FORMS.filter(({ forms }) => forms.some((form) => text.includes(form))).map(({ name }) => name);
}

/** Files under a folder that hold a canary, each with which; `isHome` tells where they may be. */
export async function canariesUnder(
  folder: string,
  isHome: (relativePath: string) => boolean,
): Promise<{ readonly searched: string[]; readonly found: string[] }> {
  const searched: string[] = [];
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    const relative = path.relative(folder, file);
    if (!entry.isFile() || isHome(relative)) continue;
    searched.push(relative);
    const names = canariesIn(await readFile(file, 'latin1')).concat(canariesIn(await readFile(file, 'utf8')));
    if (names.length > 0) found.push(`${relative}: ${[...new Set(names)].join(', ')}`);
  }
  return { searched, found };
}
