import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const pages = globSync(['*.md', 'docs/**/*.md', 'test/**/*.md'], { cwd: root });

describe('links in the documentation', () => {
  it.each(pages)('%s points to files that exist', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)].map(([, target]) => target ?? '');
    expect(targets.filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
  });

  it.each(pages)('%s names tests and folders of this repository that exist', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const names = [...text.matchAll(/`((?:test|lambdas|docs)\/[\w./-]+)`/g)].map(([, name]) => name ?? '');
    expect(names.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });
});
