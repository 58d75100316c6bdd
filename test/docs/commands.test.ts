import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../infra/app-config.ts';
import { readContext } from '../../infra/app-context.ts';
import { parseRenewEvent } from '../../lambdas/core/renew-event.ts';
import { parseScanEvent } from '../../lambdas/core/scan-event.ts';

const root = join(import.meta.dirname, '../..');
const PARSERS = { ScanFunctionName: parseScanEvent, RenewFunctionArn: parseRenewEvent };

/** What a reader would paste or type: each page, with a command that goes on in the next line joined to one. */
const pages = globSync(['*.md', 'docs/**/*.md', 'test/**/*.md'], { cwd: root }).map((page) => ({
  page,
  text: readFileSync(join(root, page), 'utf8')
    .replaceAll(/\\\n\s*/g, ' ')
    .replaceAll(/`[^`\n]+\n[^`\n]+`/g, (command) => command.replace(/\s*\n\s*/, ' ')),
}));

const found = (pattern: RegExp) =>
  pages.flatMap(({ page, text }) => [...text.matchAll(pattern)].map((match) => ({ page, match, line: match[0] })));

describe('commands in the documentation', () => {
  const invocations = found(/aws lambda invoke .*<(ScanFunctionName|RenewFunctionArn)>.*--payload '([^']*)'.*/g);

  it.each(invocations)('$page: $line sends an event that the function takes', ({ match: [, name, payload] }) => {
    expect(() => PARSERS[name as keyof typeof PARSERS](JSON.parse(payload ?? ''))).not.toThrow();
  });

  it('has an invocation of each function, with a payload wherever one is invoked', () => {
    expect(new Set(invocations.map(({ match }) => match[1]))).toEqual(new Set(Object.keys(PARSERS)));
    expect(invocations).toHaveLength(found(/aws lambda invoke/g).length);
  });

  const scripts = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts);

  it.each(found(/npm run (?:--silent )?([\w:]+)/g))('$page: $line is a script', ({ match: [, script] }) => {
    expect(scripts).toContain(script);
  });

  const deployments = found(/^npx cdk deploy (-c .*)$/gm);

  it.each(deployments)('$page: $line describes a deployment', ({ match: [, options] }) => {
    const pairs = [...(options ?? '').matchAll(/-c (\w+)=(\S+)/g)].map(([, key, value]) => [key, value]);
    const request = readContext(Object.fromEntries(pairs));
    expect('config' in request && parseConfig(request.config).certificates).toMatchObject([
      { domainNames: ['leane.dev', '*.leane.dev'] },
    ]);
  });

  it('has the one-line deployment', () => {
    expect(deployments.map(({ page }) => page)).toEqual(['README.md']);
  });
});
