import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../infra/app-config.ts';
import { readContext } from '../../infra/app-context.ts';

const GOOD = { domain: 'leane.dev', email: 'ops@leane.dev' };

describe('the context of cdk synth', () => {
  it('asks for apex and wildcard of a domain from Let’s Encrypt, in the ACM of the region of the stack', () => {
    const request = readContext(GOOD);
    expect('config' in request && parseConfig(request.config)).toMatchObject({
      issuers: { letsencrypt: { authority: 'letsencrypt', email: 'ops@leane.dev' } },
      certificates: [{ domainNames: ['leane.dev', '*.leane.dev'], issuer: ['letsencrypt'] }],
      alertEmails: ['ops@leane.dev'],
    });
  });

  it('asks for renewals in one invocation, for a region without durable functions', () => {
    const request = readContext({ ...GOOD, execution: 'direct' });
    expect('config' in request && parseConfig(request.config)).toMatchObject({ execution: 'direct' });
  });

  it('asks for what a file says', () => {
    expect(readContext({ config: 'evercert.config.ts' })).toEqual({ file: 'evercert.config.ts' });
  });

  it('may hold the keys of CDK and of plug-ins', () => {
    const others = {
      'aws:cdk:enable-path-metadata': true,
      '@aws-cdk/core:checkSecretUsage': true,
      'availability-zones:account=1:region=eu-central-1': ['a'],
      'cli-telemetry': false,
    };
    expect(() => readContext({ ...GOOD, ...others })).not.toThrow();
  });

  it.each([
    [{}, 'context: domain is missing'],
    [{ domain: 'leane.dev' }, 'context: email is missing'],
    [
      { ...GOOD, domian: 'x' },
      'context: unknown key "domian"; evercert knows domain, email, issuer, region, execution, config',
    ],
    [{ ...GOOD, domain_2: 'x' }, 'context: unknown key "domain_2"'],
    [{ ...GOOD, constructor: 'x' }, 'context: unknown key "constructor"'],
    [{ ...GOOD, domain: 7 }, 'context: domain must be a text, such as -c domain=leane.dev'],
    [{ ...GOOD, domain: '' }, 'context: domain must be a text'],
    [{ ...GOOD, config: 'x.ts' }, 'context: domain can not be given together with config; put it into x.ts'],
    [{ ...GOOD, execution: 'never' }, 'context: the execution "never" is unknown; it can be durable or direct'],
    [{ ...GOOD, issuer: 'lets' }, 'context: the issuer "lets" is unknown'],
    [{ ...GOOD, issuer: 'zerossl' }, 'context: the issuer "zerossl" needs more than a name; use -c config'],
  ])('%j is refused', (context, sentence) => {
    expect(() => readContext(context)).toThrow(sentence);
  });
});

describe('a configuration', () => {
  const certificate = { domainNames: ['leane.dev'], issuer: 'letsencrypt' };
  const issuers = { letsencrypt: { authority: 'letsencrypt' } };
  const good = { issuers, certificates: [certificate] };

  it.each([
    [
      { ...good, certificates: [{ ...certificate, domainNames: ['bad_domain.dev'] }] },
      'certificates[0].domainNames: "bad_domain.dev"',
    ],
    [
      { ...good, certificates: [{ ...certificate, issuer: 'lets' }] },
      'names the issuer "lets", which is not among issuers (letsencrypt)',
    ],
    [
      { ...good, certificates: [{ ...certificate, waitForIssuence: true }] },
      'unknown field "certificates[0].waitForIssuence"',
    ],
    [{ ...good, alertEmails: ['nobody'] }, 'alertEmails[0]: must be an e-mail address'],
    [{ ...good, issuers: { letsencrypt: { authority: 'letsencrypt', email: 'nobody' } } }, 'must be an e-mail address'],
    // As `aws route53 list-hosted-zones` prints them: no policy would allow anything there.
    [{ ...good, hostedZoneIds: ['/hostedzone/Z123'] }, 'hostedZoneIds[0]: must be a hosted zone id'],
    [{ ...good, hostedZoneIds: ['*'] }, 'hostedZoneIds[0]: must be a hosted zone id'],
    [{ ...good, leaseMinutes: 4 }, 'configuration: leaseMinutes must have at least 5'],
    [{ ...good, leaseMinutes: 1441 }, 'configuration: leaseMinutes must have at most 1440'],
    [{ ...good, propagationMinutes: 0 }, 'configuration: propagationMinutes must have at least 1'],
    [{ ...good, propagationMinutes: 721 }, 'configuration: propagationMinutes must have at most 720'],
    [{ ...good, minimumRemainingShare: '20 %' }, 'configuration: minimumRemainingShare must be a number, not "20 %"'],
    [{ ...good, execution: 'never' }, 'execution must be one of "durable", "direct"'],
    [{ issuers }, 'certificates is missing'],
  ])('%j is refused', (input, sentence) => {
    expect(() => parseConfig(input)).toThrow(sentence);
  });

  it('takes alarms to an address as long as mail allows, and to no longer one', () => {
    const longest = `${'o'.repeat(244)}@leane.dev`;
    expect(parseConfig({ ...good, alertEmails: [longest] }).alertEmails).toEqual([longest]);
    expect(() => parseConfig({ ...good, alertEmails: [`o${longest}`] })).toThrow('alertEmails[0]: must be an e-mail');
  });
});
