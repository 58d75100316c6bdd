import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { config as example } from '../../examples/evercert.config.ts';
import { certificateFieldsSchema } from '../../lambdas/core/certificate-spec.ts';
import { FAILURE_CODES, type FailureCode, isHarmless } from '../../lambdas/core/failure.ts';
import { parseRenewEvent } from '../../lambdas/core/renew-event.ts';
import { parseScanEvent } from '../../lambdas/core/scan-event.ts';
import { parseSettings, type Settings, variableOf } from '../../lambdas/core/settings.ts';

const read = (path: string) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
const between = (text: string, begin: string, end: string) => text.split(begin)[1]?.split(end)[0] ?? '';
const quoted = (text = '') => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
const rowsOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, ...cells]) => cells);

/** The fields of a type or a schema, as its source has them: those at the indentation of the first. */
const fieldsIn = (path: string, begin: string, end: string) => {
  const source = between(read(path), begin, end);
  const [, indentation] = /\n( +)(?:readonly )?\w+\??:/.exec(source) ?? [];
  if (indentation === undefined) throw new Error(`${path} has no fields after ${begin}`);
  const fields = source.matchAll(new RegExp(`^${indentation}(?:readonly )?(\\w+)\\??:`, 'gm'));
  return [...fields].map(([, name = '']) => name);
};
const propertiesOf = (path: string, type: string) => fieldsIn(path, `export interface ${type} {`, '\n}');

describe('docs/reference/spec.md', () => {
  const page = read('docs/reference/spec.md');
  const [first = '', second = ''] = page.split('\n`AcmeCertificate` has the same fields');
  const spec = rowsOf(first).flatMap(([name]) => quoted(name));
  const more = rowsOf(second).map(([name = '']) => name);

  it('has every field of a spec, and no other', () => {
    const fields = Object.keys(certificateFieldsSchema.shape).flatMap((field) =>
      field === 'dns' ? ['dns.hostedZoneId', 'dns.roleArn', 'dns.externalId', 'dns.followCname'] : [field],
    );
    expect(spec.sort()).toEqual(fields.sort());
  });

  it('has every property of AcmeCertificate, and no other', () => {
    const inPlaceOfDns = quoted(between(second, 'but for', '. It').replace(/\(.*?\)/, '')).filter(
      (name) => name !== 'dns',
    );
    const properties = [
      ...spec.filter((name) => !name.startsWith('dns.')),
      ...inPlaceOfDns,
      ...more.flatMap((name) => quoted(name.split(', in a file')[0])),
    ];
    expect(properties.sort()).toEqual(propertiesOf('infra/acme-certificate-props.ts', 'AcmeCertificateProps').sort());
  });

  it('has what a certificate in a file has besides', () => {
    const own = fieldsIn(
      'infra/app-config.ts',
      'const certificateSchema = z.extend(certificateFieldsSchema, {',
      '\n});',
    );
    const inFile = more.flatMap((name) => quoted(name.split('in a file').at(-1)));
    expect([...inFile, 'acm'].sort()).toEqual(own.sort());
  });

  it('begins with the certificates of the example', () => {
    const [, certificates = ''] = /```ts\ncertificates: (\[[^`]*\]),\n```/.exec(page) ?? [];
    expect(JSON.parse(runInNewContext(`JSON.stringify(${certificates})`))).toEqual(example.certificates);
  });
});

it('docs/reference/issuers-and-cas.md has every setting of an issuer, and no other', () => {
  const [table = ''] = read('docs/reference/issuers-and-cas.md').split('\n## ');
  const fields = fieldsIn('lambdas/core/issuer-settings.ts', 'z\n  .strictObject({', '\n  })');
  expect(
    rowsOf(table)
      .flatMap(([name]) => quoted(name))
      .sort(),
  ).toEqual(fields.map((field) => (field === 'externalAccountBinding' ? `${field}.secret` : field)).sort());
});

describe('docs/reference/settings.md', () => {
  const rows = rowsOf(read('docs/reference/settings.md'));

  it('has every property of CertificateRenewer, and no other', () => {
    const properties = propertiesOf('infra/certificate-renewer-props.ts', 'CertificateRenewerProps');
    expect(rows.flatMap(([name]) => quoted(name)).sort()).toEqual(properties.sort());
  });

  it('has every field of a file, but for what only a file has', () => {
    const fields = fieldsIn('infra/app-config.ts', 'const configSchema = z.strictObject({', '\n});');
    const ofFilesAlone = ['stackName', 'region', 'certificates', 'tags'];
    expect(rows.flatMap(([name, inFile]) => quoted(inFile === '' ? name : inFile)).sort()).toEqual(
      fields.filter((field) => !ofFilesAlone.includes(field)).sort(),
    );
  });

  const fields = fieldsIn('lambdas/core/settings.ts', 'const VARIABLES', '\n};') as (keyof Settings)[];

  it('has every variable of the functions, and no other', () => {
    expect(rows.flatMap(([, , variables]) => quoted(variables)).sort()).toEqual(fields.map(variableOf).sort());
  });

  it.each(Object.entries(parseSettings({})).filter(([, value]) => typeof value !== 'object'))(
    'has the default of %s',
    (field, value) => {
      const [, , , told] = rows.find((row) => quoted(row[2]).includes(variableOf(field as keyof Settings))) ?? [];
      expect(told?.split(/[^\w-]+/)).toContain(String(value));
    },
  );
});

describe('docs/reference/functions.md', () => {
  const page = read('docs/reference/functions.md');
  const outcome = read('lambdas/core/outcome.ts');
  const decisionsOf = (type: string) => {
    const [, union = ''] =
      /readonly decision: ([^;]+);/.exec(between(outcome, `export interface ${type} {`, '\n}')) ?? [];
    return [...union.matchAll(/'([\w-]+)'/g)].map(([, decision = '']) => decision);
  };

  it.each([
    ['RenewOutcome', 'The result of `renew`:'],
    ['ScanResult', '`scan`:'],
    ['ScannedCertificate', '`scan`:'],
  ])('has every field of %s', (type, begin) => {
    const fields = propertiesOf('lambdas/core/outcome.ts', type);
    const result = /`\{([^`]+)\}`; `decision`/.exec(page.slice(page.indexOf(begin)))?.[1] ?? '';
    expect(fields.length).toBeGreaterThan(4);
    expect(fields.filter((field) => !result.split(/\W+/).includes(field))).toEqual([]);
  });

  it('has every decision of renew and of scan, and no other', () => {
    const harmless = (Object.keys(FAILURE_CODES) as FailureCode[]).filter(isHarmless);
    const [, table = ''] = page.split('| `decision` | |');
    expect(
      rowsOf(table)
        .flatMap(([name]) => quoted(name))
        .sort(),
    ).toEqual([...decisionsOf('RenewOutcome'), ...harmless].sort());
    expect(quoted(between(page, '`decision` is ', ' (due')).sort()).toEqual(decisionsOf('ScannedCertificate').sort());
  });

  it('has events that the functions take, with every field', () => {
    const spec = '{"domainNames": ["leane.dev"], "issuer": "letsencrypt"}';
    const [scan = '', renew = ''] = page.split('`renew` takes one of these events:');
    const scanEvents = quoted(scan).filter((code) => /^\{("|\}$)/.test(code));
    expect(scanEvents).toHaveLength(2);
    for (const event of scanEvents) expect(() => parseScanEvent(JSON.parse(event))).not.toThrow();
    const renewEvents = rowsOf(renew).flatMap(([event]) => quoted(event).filter((code) => code.startsWith('{')));
    expect(renewEvents).toHaveLength(3);
    for (const event of renewEvents) {
      expect(() => parseRenewEvent(JSON.parse(event.replace('{…}', spec)))).not.toThrow();
    }
    const fields = fieldsIn('lambdas/core/renew-event.ts', 'const eventSchema = z.strictObject({', '\n});');
    expect(fields.filter((field) => !new RegExp(`["\`]${field}["\`]`).test(renew))).toEqual([]);
  });
});
