import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const pages = globSync(['*.md', 'docs/**/*.md', 'test/**/*.md'], { cwd: root });

/** As GitHub makes them of headings. */
const anchorsOf = (text: string) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

describe('links in the documentation', () => {
  it.each(pages)('%s points to files that exist', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)].map(([, target]) => target ?? '');
    expect(targets.filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
  });

  it.each(pages)('%s points to headings that exist', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g)];
    const missing = targets.filter(([, file = '', anchor = '']) => {
      const other = file === '' ? text : readFileSync(join(root, dirname(page), file), 'utf8');
      return !anchorsOf(other).includes(anchor);
    });
    expect(missing.map(([link]) => link)).toEqual([]);
  });

  it('lead from the README to every page of the reference and for operators', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const linked = globSync(['docs/reference/*.md', 'docs/operations/*.md'], { cwd: root });
    expect(linked.filter((page) => !readme.includes(`](${page}`))).toEqual([]);
  });

  it.each(pages)('%s names tests and folders of this repository that exist', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const names = [...text.matchAll(/`((?:test|lambdas|infra|examples|docs)\/[\w./-]+)`/g)].map(
      ([, name]) => name ?? '',
    );
    expect(names.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });
});
