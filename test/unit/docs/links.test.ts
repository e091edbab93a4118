import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import { PROJECT } from '../../support/cli.ts';
import { anchors, markdownPages, prose, readPage } from '../../support/markdown.ts';

/** Targets of links, images and their HTML forms. */
function targetsOf(text: string): string[] {
  const inline = [...prose(text).matchAll(/!?\[[^\]]*\]\(([^)\s]+)(?:\s+"[^"]*")?\)/gu)];
  const html = [...text.matchAll(/\b(?:src|srcset|href)="([^"]+)"/gu)];
  return [...inline, ...html].map(([, target = '']) => target);
}

suite('Links of the documents', () => {
  for (const page of markdownPages().filter((each) => !each.startsWith('local/build/'))) {
    test(page, () => {
      for (const target of targetsOf(readPage(page))) {
        if (target.startsWith('https://')) {
          assert.ok(URL.canParse(target), `${page}: ${target}`);
          continue;
        }
        const [file = '', anchor] = target.split('#');
        const linked = file === '' ? page : path.posix.join(path.posix.dirname(page), decodeURI(file));
        assert.ok(existsSync(path.join(PROJECT, linked)), `${page}: ${target} leads nowhere`);
        if (anchor !== undefined && linked.endsWith('.md')) {
          assert.ok(anchors(readPage(linked)).has(anchor), `${page}: ${target}: no such heading`);
        }
      }
    });
  }

  test('every page of docs/ is listed in docs/README.md', () => {
    const index = readPage('docs/README.md');
    for (const page of markdownPages().filter((each) => /^docs\/[^/]+\.md$/u.test(each))) {
      const name = path.posix.basename(page);
      if (name !== 'README.md') assert.ok(index.includes(`(${name})`), name);
    }
  });
});
