import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './cli.ts';

/** A fenced block that begins with `sh`; `marks` are the words behind it. */
export type ShellBlock = {
  readonly page: string;
  /** Of the first command, from 1. */
  readonly line: number;
  readonly marks: readonly string[];
  /** One a line; what is behind ` #` is left out. */
  readonly commands: readonly string[];
};

/** Paths of the Markdown pages of the project, as git lists them, new ones included. */
export function markdownPages(): string[] {
  const listed = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.md'];
  return execFileSync('git', listed, { cwd: PROJECT, encoding: 'utf8' })
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(PROJECT, path)))
    .toSorted();
}

export const readPage = (page: string): string => readFileSync(join(PROJECT, page), 'utf8');

/** All shell blocks of a page. */
export function shellBlocks(page: string): ShellBlock[] {
  const text = readPage(page);
  return [...text.matchAll(/^([ \t]*)```(?:sh|bash|console)\b(.*)\n([\s\S]*?)^\1```/gmu)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length + 1,
    marks: (match[2] ?? '').trim().split(/\s+/u).filter(Boolean),
    commands: (match[3] ?? '')
      .split('\n')
      .map((command) => command.replace(/\s+#.*$/u, '').trim())
      .filter(Boolean),
  }));
}

/** The text of a page without fenced blocks, in which brackets mean nothing. */
export const prose = (text: string): string => text.replaceAll(/^([ \t]*)```[\s\S]*?^\1```/gmu, '');

/** Anchors of a page's headings, as GitHub makes them. */
export function anchors(text: string): Set<string> {
  const seen = new Map<string, number>();
  const made = [...prose(text).matchAll(/^#{1,6} (.+)$/gmu)].map(([, heading = '']) => {
    const base = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/gu, '$1')
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/gu, '-');
    const count = seen.get(base) ?? 0;
    seen.set(base, count + 1);
    return count === 0 ? base : `${base}-${String(count)}`;
  });
  return new Set(made);
}
