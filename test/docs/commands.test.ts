import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as acm from '@aws-sdk/client-acm';
import * as cloudformation from '@aws-sdk/client-cloudformation';
import * as lambda from '@aws-sdk/client-lambda';
import * as route53 from '@aws-sdk/client-route-53';
import * as secretsmanager from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../infra/app-config.ts';
import { readContext } from '../../infra/app-context.ts';
import { RENEWER_TAG } from '../../lambdas/core/certificate-tags.ts';
import { parseRenewEvent } from '../../lambdas/core/renew-event.ts';
import { parseScanEvent } from '../../lambdas/core/scan-event.ts';

const root = join(import.meta.dirname, '../..');
/** The services of which we have the SDK: its commands are the CLI's. */
const SERVICES: Readonly<Record<string, object>> = { acm, cloudformation, lambda, route53, secretsmanager };
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

  const operations = found(/\baws (\w+) ([a-z][a-z0-9-]+)/g).filter(
    ({ match: [, service = ''] }) => service in SERVICES,
  );

  it.each(operations)('$page: $line is an operation of AWS', ({ match: [, service = '', operation = ''] }) => {
    const command = operation.replace(/(?:^|-)([a-z])/g, (_all, letter: string) => letter.toUpperCase());
    expect(SERVICES[service]).toHaveProperty(`${command}Command`);
  });

  it.each(found(/aws secretsmanager tag-resource .*--tags (.*)|--tags (Key=evercert:.*)/g))(
    '$page: $line gives the tag by which scans find a certificate',
    ({ line }) => expect(line).toMatch(new RegExp(`Key=${RENEWER_TAG},Value=evercert$`)),
  );

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

  it.each(found(/`-c (\w+)=([^`\s]*)`/g))('$page: $line is an option of the app', ({ match: [, key = '', value] }) => {
    const surroundings = key === 'config' ? {} : { domain: 'leane.dev', email: 'ops@leane.dev' };
    expect(() => readContext({ ...surroundings, [key]: value || 'any' })).not.toThrow();
  });

  it('has the one-line deployment', () => {
    expect(deployments.map(({ page }) => page)).toEqual(['README.md']);
  });
});
