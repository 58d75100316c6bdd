import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../infra/app-config.ts';
import { CERTIFICATE_AUTHORITIES } from '../../infra/certificate-authorities.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/reference/issuers-and-cas.md'), 'utf8');
const [, section = ''] = page.split('## CAs\n');
const rows = (section.split('\n## ')[0] ?? '')
  .split('\n')
  .filter((line) => line.startsWith('| ['))
  .map((line) => line.split('|').map((cell) => cell.trim()));

describe('the table of CAs in docs/reference/issuers-and-cas.md', () => {
  const named = rows.filter(([, , authority]) => authority !== '');

  it('has a row for each CA that is known by name, and for no other name', () => {
    expect(named.map(([, , authority]) => authority).sort()).toEqual(
      Object.keys(CERTIFICATE_AUTHORITIES)
        .map((name) => `\`${name}\``)
        .sort(),
    );
  });

  it.each(Object.entries(CERTIFICATE_AUTHORITIES))('says of %s what the construct uses', (name, authority) => {
    const row = named.find(([, , short]) => short === `\`${name}\``) ?? [];
    expect(row[3]).toBe(`\`${authority.directoryUrl}\``);
    expect(row[4]?.startsWith('yes')).toBe(authority.needsBinding);
    expect(row[5]?.includes('`trust: none`')).toBe(authority.trust === 'none');
  });

  it('names the CAs that need more than a name', () => {
    expect(
      rows.filter(([, , authority]) => authority === '').map(([, name]) => /\[([^\]]+)/.exec(name ?? '')?.[1]),
    ).toEqual(['SSL.com', "ACM's ACME endpoint", 'step-ca']);
  });

  it('has an example of each, in its order, that a deployment takes', () => {
    const [, example = ''] = /```ts\n(issuers: [^`]*)```/.exec(section) ?? [];
    const surroundings = {
      process: { env: { ACME_ENDPOINT_URL: 'https://endpoint.example/directory' } },
      readFileSync: () => 'PEM',
    };
    // Objects of another realm are none to zod.
    const config = JSON.parse(runInNewContext(`JSON.stringify({${example}certificates: []})`, surroundings)) as object;
    const issuers = Object.values(parseConfig(config).issuers);
    expect(issuers.map((issuer) => ('authority' in issuer ? `\`${issuer.authority}\`` : ''))).toEqual(
      rows.map(([, , authority]) => authority),
    );
    expect(issuers.map(({ externalAccountBinding }) => externalAccountBinding !== undefined)).toEqual(
      rows.map(([, , , , binding]) => binding?.startsWith('yes')),
    );
  });
});
