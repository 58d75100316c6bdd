import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { LoadBalancerAndDistribution } from '../../examples/load-balancer-and-distribution.ts';
import { CertificateRenewer } from '../../infra/certificate-renewer.ts';
import { ROOM_IN_TAGS, readCertificateTags } from '../../lambdas/core/certificate-tags.ts';
import { parseSecretValue, renewedValue } from '../../lambdas/core/secret-value.ts';
import * as stages from '../../lambdas/core/stages.ts';
import { resourceOf, resourcesOf, testApp, testStack } from '../infra/synthesized.ts';

const read = (path: string) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
const readme = read('README.md');
const decision1 = read('docs/decisions/0001-state-in-secrets-manager.md');
const adopt = read('docs/operations/adopt.md');
const env = { region: 'eu-central-1', account: '111122223333' };

const between = (text: string, begin: string, end: string) => text.split(begin)[1]?.split(end)[0] ?? '';
const quoted = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

describe('the README', () => {
  it('has every field of a value, which a server may take out', () => {
    const issued = { notBefore: '', notAfter: '', serialNumber: '', fingerprint256: '', issuer: '', directoryUrl: '' };
    const pair = { certificate: '', chain: '', privateKey: '', domainNames: [], issued: { ...issued, accountUrl: '' } };
    const fields = Object.keys(
      JSON.parse(
        renewedValue(
          pair,
          '{}',
          () => '',
          () => false,
        ),
      ),
    );
    expect(between(readme, '## The secret\n', '\n\n## ').match(/jq -j \.\w+/g)).toEqual([
      'jq -j .fullchain',
      'jq -j .privateKey',
    ]);
    const documented = quoted(between(readme, '## The secret\n', '\n\nA server'));
    expect(fields.filter((field) => !documented.includes(field))).toEqual([]);
  });

  it('counts the metrics that alarms are paid for', () => {
    const stack = testStack();
    new CertificateRenewer(stack, 'Renewer');
    const alarms = Object.values(resourcesOf(stack, 'AWS::CloudWatch::Alarm'));
    const watched = alarms.map(({ Properties: { Metrics } }) =>
      // biome-ignore lint/suspicious/noExplicitAny: as in a template.
      Metrics === undefined ? 1 : Metrics.filter(({ MetricStat }: any) => MetricStat).length,
    );
    const total = watched.reduce((sum, each) => sum + each, 0);
    expect(readme.replaceAll('\n', ' ')).toContain(` ${total} metrics watched by five alarms`);
    expect(alarms).toHaveLength(5);
  });
});

it('the example with constructs subscribes somebody to the alarms', () => {
  const stack = new LoadBalancerAndDistribution(testApp(), 'Website', { env, domain: 'leane.dev' });
  expect(resourceOf(stack, 'AWS::SNS::Subscription').Properties).toMatchObject({
    Protocol: 'email',
    Endpoint: 'ops@leane.dev',
    TopicArn: { Ref: resourceOf(stack, 'AWS::SNS::Topic').id },
  });
});

describe('staging labels and tags', () => {
  it.each(Object.values(stages))('%s is in decision 1', (label) => {
    expect(decision1).toContain(`\`${label}\``);
  });

  it.each(Object.values(stages).filter((label) => label !== stages.NEXT_KEY))('%s is in the README', (label) => {
    expect(between(readme, '## The secret\n', '\n\n## ')).toContain(label);
  });

  /** Each tag takes one of them. */
  const VALUES = [
    '1',
    '2026-11-01T00:00:00Z',
    '0123456789abcdef 2026-11-01T00:00:00Z',
    'issued',
    'public',
    'ca-refused',
  ];
  const isRead = (tag: string) =>
    VALUES.some((value) => Object.keys(readCertificateTags({ [`evercert:${tag}`]: value })).length > 1);

  it('are all of a certificate’s in decision 1', () => {
    const listed = quoted(between(decision1, 'all of them.\n\n', '\n\n').replaceAll(/\([^)]*\)/g, ''));
    const names = listed.filter((name) => !['renewer', 'kept', 'acm:<region>'].includes(name));
    expect(names.filter((tag) => !isRead(tag))).toEqual([]);
    expect(new Set(names).size).toBe(50 - ROOM_IN_TAGS - 2);
    expect(adopt).toContain(`leave ${ROOM_IN_TAGS} of the 50`);
  });

  it('are all of an issuer’s in decision 1', () => {
    const source = between(read('lambdas/core/issuer-tags.ts'), 'const TAGS = {', '}');
    const own = [...source.matchAll(/evercert:([\w-]+)/g)].map(([, tag = '']) => tag);
    const listed = quoted(between(decision1, "An issuer's are ", '\n\n'));
    expect(own.length).toBeGreaterThan(3);
    expect(own.filter((tag) => !listed.includes(tag))).toEqual([]);
  });
});

describe('what docs/operations/adopt.md says of a secret', () => {
  const pem = (label: string, body: string) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
  const [certificates, keys, chains] = between(adopt, '## What it may hold', '\n\nA renewal')
    .split('\n')
    .filter((line) => /^\| the/.test(line))
    .map((line) => quoted(line.split('|')[2] ?? ''));
  const value = { fullchain: pem('CERTIFICATE', 'leaf'), key: pem('PRIVATE KEY', 'key') };

  it.each(certificates ?? [])('a certificate is read from %s', (field) => {
    expect(parseSecretValue(JSON.stringify({ [field]: value.fullchain, key: value.key })).kind).toBe('pair');
  });

  it.each(keys ?? [])('a key is read from %s', (field) => {
    expect(parseSecretValue(JSON.stringify({ cert: value.fullchain, [field]: value.key })).kind).toBe('pair');
  });

  it.each(chains ?? [])('a chain is read from %s', (field) => {
    const chain = pem('CERTIFICATE', 'intermediate');
    expect(parseSecretValue(JSON.stringify({ ...value, [field]: chain }))).toMatchObject({ chain });
  });

  it.each(['RSA PRIVATE KEY', 'EC PRIVATE KEY'])('%s is read, and an encrypted key is not', (label) => {
    expect(parseSecretValue(JSON.stringify({ ...value, key: pem(label, 'key') })).kind).toBe('pair');
    expect(parseSecretValue(JSON.stringify({ ...value, key: pem('ENCRYPTED PRIVATE KEY', 'key') })).kind).toBe(
      'broken',
    );
  });
});
