import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import { live, tagsOf } from '../sandbox/inspect.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';

type Leaf = Parameters<Sandbox['ca']['issue']>[0];

const spec = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: ['eu-central-1'] };

describe('what goes wrong', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'] });
    await sandbox.deployIssuer();
  });

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });

  const failure = async (
    work: Promise<unknown>,
  ): Promise<{ code: string; message: string; details: { retryAt?: number } }> => {
    const outcome = await work.then(
      () => ({ name: 'nothing was thrown' }),
      (error: unknown) => error,
    );
    expect(outcome).toMatchObject({ name: 'RenewalFailure' });
    return outcome as { code: string; message: string; details: { retryAt?: number } };
  };
  const renewal = (changes: object = {}, name = 'leane.dev') =>
    sandbox.renew({ certificate: name, spec: { ...spec, ...changes } });
  const txtRecords = () =>
    sandbox.route53.zones().flatMap(({ id }) => sandbox.route53.records(id).filter(({ type }) => type === 'TXT'));

  describe('before anything has happened', () => {
    const untouched = () => {
      expect(sandbox.secretsManager.secrets().map(({ name }) => name)).toEqual(['evercert/_issuers/sandbox']);
      expect(sandbox.ca.orders).toEqual([]);
    };

    it.each([
      ['a misspelt field', { certificate: 'leane.dev', forse: true }, 'renew event: unknown field "forse"'],
      ['a wrong type', { certificate: 7 }, 'renew event: certificate must be a string, not 7'],
      [
        'a bad name in the spec',
        { certificate: 'x', spec: { ...spec, domainNames: ['leane dev'] } },
        '"leane dev" is not a domain name',
      ],
      ['no event at all', null, 'renew event: it must be an object'],
    ])('refuses %s and names it', async (_what, event, sentence) => {
      const { code, message } = await failure(sandbox.renew(event));
      expect(code).toBe('invalid-input');
      expect(message).toContain(sentence);
      untouched();
    });

    it('names an unknown certificate, and starts nothing for the others of the same scan', async () => {
      await renewal();
      sandbox.calls.reset();
      const { code, message } = await failure(sandbox.scan({ certificates: ['leane.dev', 'nobody'], force: true }));
      expect(code).toBe('unknown-certificate');
      expect(message).toContain(
        'no certificate nobody: there is no secret evercert/nobody or nobody with the tag evercert:renewer=evercert',
      );
      expect(sandbox.calls.total('lambda')).toBe(0);
    });

    it('names an unknown issuer', async () => {
      const { code, message } = await failure(renewal({ issuer: 'zerossl' }));
      expect(code).toBe('unknown-issuer');
      expect(message).toContain('there is no issuer zerossl: no secret evercert/_issuers/zerossl exists');
    });

    it('refuses a spec for a certificate that a stack owns, naming the stack', async () => {
      await renewal();
      await sandbox.secretsManager.tag('evercert/leane.dev', { 'evercert:stack': 'web-prod' });
      const { code, message } = await failure(renewal({ domainNames: ['other.leane.dev'] }));
      expect(code).toBe('owned-by-stack');
      expect(message).toContain('leane.dev belongs to the stack web-prod');
      expect(await sandbox.renew({ certificate: 'leane.dev' })).toMatchObject({ decision: 'not-due' });
    });

    it('refuses a secret of that name that is somebody else’s', async () => {
      await sandbox.secretsManager.create('evercert/leane.dev', 'their password', {});
      const { code, message } = await failure(renewal());
      expect(code).toBe('spec-conflict');
      expect(message).toContain('does not carry the tag evercert:renewer=evercert');
      expect(sandbox.secretsManager.value('evercert/leane.dev')).toBe('their password');
    });

    it('tells one of two who write different specs for one secret at the same moment', async () => {
      await sandbox.register('leane.dev', spec);
      // Neither is answered before both have seen the same predecessor.
      sandbox.faults.add({ operation: 'secretsmanager:PutSecretValue', times: 2, delay: 1000 });
      const outcomes = await Promise.allSettled(
        ['a', 'b'].map((label) => renewal({ domainNames: [`${label}.leane.dev`] })),
      );
      const refused = outcomes.filter(({ status }) => status === 'rejected');
      expect(refused).toEqual([
        expect.objectContaining({ reason: expect.objectContaining({ code: 'spec-conflict' }) }),
      ]);
      expect(sandbox.ca.finalizedOrders()).toHaveLength(1);
    });
  });

  describe('with the live pair untouched', () => {
    let before: ReturnType<typeof live>;

    beforeEach(async () => {
      await renewal();
      before = live(sandbox, 'leane.dev');
      await sandbox.clock.advance(61 * DAY);
    });

    afterEach(() => {
      expect(live(sandbox, 'leane.dev')).toEqual(before);
      expect(txtRecords()).toEqual([]);
    });

    it('says which zones exist when none fits a name', async () => {
      const { code, message } = await failure(renewal({ domainNames: ['leane.dev', 'www.leane.example'] }));
      expect(code).toBe('no-hosted-zone');
      expect(message).toContain('_acme-challenge.www.leane.example');
      expect(message).toContain('leane.dev');
    });

    it('passes on who may not do what when AWS denies access', async () => {
      const words =
        'User: arn:aws:sts::123456789012:assumed-role/renew is not authorized to perform: route53:ChangeResourceRecordSets';
      sandbox.faults.add({
        operation: 'route53:ChangeResourceRecordSets',
        error: { status: 403, name: 'AccessDenied', message: words },
      });
      const { code, message } = await failure(sandbox.renew({ certificate: 'leane.dev' }));
      expect(code).toBe('access-denied');
      expect(message).toContain(words);
    });

    it('passes on the CA’s own words when it refuses', async () => {
      const words =
        'Error creating new order :: Cannot issue for "leane.dev": The ACME server refuses to issue a certificate for this domain name';
      sandbox.faults.add({
        operation: 'acme:newOrder',
        error: { status: 400, name: 'rejectedIdentifier', message: words },
      });
      const { code, message } = await failure(sandbox.renew({ certificate: 'leane.dev' }));
      expect(code).toBe('ca-refused');
      expect(message).toContain(words);
    });

    it('gives the CA’s detail and the record that was there when a challenge fails', async () => {
      // Right before the CA looks, somebody overwrites the record.
      sandbox.faults.add({
        operation: 'acme:challenge',
        times: 1,
        when: () => {
          const [zone] = sandbox.route53.zones();
          sandbox.route53.put(zone?.id ?? '', {
            name: '_acme-challenge.leane.dev',
            type: 'TXT',
            ttl: 60,
            values: ['"somebody else"'],
          });
          return false;
        },
      });
      const { code, message } = await failure(sandbox.renew({ certificate: 'leane.dev' }));
      expect(code).toBe('challenge-failed');
      expect(message).toMatch(/the CA could not validate (\*\.)?leane\.dev: .*Incorrect TXT record/);
      expect(message).toContain("At _acme-challenge.leane.dev the zone's servers have:");
      expect(message).toContain('somebody else');
      // What the other client wrote is the other client's.
      expect(txtRecords().map(({ values }) => values)).toEqual([['"somebody else"']]);
      const [zone] = sandbox.route53.zones();
      sandbox.route53.erase(zone?.id ?? '', '_acme-challenge.leane.dev', 'TXT');
    });

    it.each<[string, (asked: Leaf) => Leaf, string]>([
      [
        'does not match its key',
        (asked) => ({ ...asked, publicKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey }),
        'it is not for the private key that was asked for',
      ],
      [
        'does not have the names of the spec',
        (asked) => ({ ...asked, names: ['leane.dev'] }),
        'its names are leane.dev, not leane.dev, *.leane.dev',
      ],
      [
        'has expired already',
        (asked) => ({ ...asked, notBefore: sandbox.clock.now() - DAY, notAfter: sandbox.clock.now() - MINUTE }),
        'it expired at',
      ],
    ])('rejects a certificate that %s', async (_what, wrong, words) => {
      const { settings } = sandbox.ca;
      settings.mutate.certificate = (_, { names, publicKey }) => sandbox.ca.issue(wrong({ names, publicKey }));
      const { code, message } = await failure(sandbox.renew({ certificate: 'leane.dev' }));
      expect(code).toBe('certificate-rejected');
      expect(message).toContain(words);
      expect(sandbox.acm.certificates('eu-central-1')).toHaveLength(1);
      settings.mutate = {};
    });

    it('reports a CA that can not be reached, and waits before it asks again', async () => {
      sandbox.faults.add({ operation: 'acme:*', drop: true });
      const { code } = await failure(sandbox.renew({ certificate: 'leane.dev' }));
      expect(code).toBe('ca-unreachable');
      expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'failed', failures: 1, failure: 'ca-unreachable' });
      sandbox.calls.reset();
      expect(await sandbox.scan()).toMatchObject({ due: 0, started: 0 });
      expect(await sandbox.renew({ certificate: 'leane.dev' })).toMatchObject({ decision: 'back-off' });
      expect(sandbox.calls.total('acme')).toBe(0);
    });

    it('obeys a Retry-After for every certificate of the issuer', async () => {
      const limited = {
        status: 429,
        name: 'rateLimited',
        message: 'too many new orders',
        headers: { 'Retry-After': '172800' },
      };
      sandbox.faults.add({ operation: 'acme:newOrder', times: 1, error: limited });
      const { code, details } = await failure(sandbox.renew({ certificate: 'leane.dev' }));
      expect(code).toBe('ca-rate-limited');
      expect(details.retryAt).toBeGreaterThanOrEqual(sandbox.clock.now() + 2 * DAY - MINUTE);

      sandbox.calls.reset();
      expect(await failure(renewal({ domainNames: ['www.leane.dev'] }, 'other'))).toMatchObject({
        code: 'ca-rate-limited',
      });
      expect(sandbox.calls.of('acme:newOrder')).toBe(0);
    });

    it('fails when the values never reach the servers, after it has removed them again', async () => {
      sandbox.route53.settings.propagationMilliseconds = 100 * HOUR;
      const { code, message } = await failure(sandbox.renew({ certificate: 'leane.dev' }));
      expect(code).toBe('propagation-timeout');
      expect(message).toContain('within 8 minutes');
      expect(sandbox.ca.finalizedOrders()).toHaveLength(1);
    });

    it('keeps a pair of higher trust, and orders nothing that would not be published', async () => {
      sandbox.calls.reset();
      await sandbox.deployIssuer('staging', { ...sandbox.issuerSettings(), trust: 'none' });
      const { code, message } = await failure(renewal({ issuer: 'staging' }));
      // Same directory, so only the names make it due.
      expect([code, message]).toEqual(['lower-trust', expect.stringContaining('the better one stays')]);
      expect(sandbox.calls.of('acme:newOrder')).toBe(0);
    });
  });

  it('re-issues a pair that somebody has damaged', async () => {
    await renewal();
    for (const damaged of [
      'no JSON',
      '{"certificate":"-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----"}',
      '{}',
    ]) {
      sandbox.secretsManager.overwrite('evercert/leane.dev', damaged);
      await sandbox.scan();
      expect(live(sandbox, 'leane.dev').domainNames).toEqual(spec.domainNames);
    }
    expect(sandbox.ca.finalizedOrders()).toHaveLength(4);
    expect(sandbox.acm.certificates('eu-central-1')).toHaveLength(1);
  });

  it('names an adopted secret that holds nothing to renew', async () => {
    await sandbox.secretsManager.create('legacy', '{"user":"x","password":"y"}', { 'evercert:renewer': 'evercert' });
    const { code, message } = await failure(sandbox.renew({ certificate: 'legacy' }));
    expect(code).toBe('corrupt-secret');
    expect(message).toContain('the secret legacy can not be adopted: it holds no certificate and key');
    expect(sandbox.secretsManager.value('legacy')).toBe('{"user":"x","password":"y"}');
  });

  it('never lets one certificate’s failure stop the others', async () => {
    await sandbox.register('a', { ...spec, domainNames: ['a.leane.dev'], acm: [] });
    await sandbox.register('b', { ...spec, domainNames: ['nowhere.example'], acm: [] });
    await sandbox.register('c', { ...spec, domainNames: ['c.leane.dev'], acm: [] });
    sandbox.faults.add({
      operation: 'lambda:Invoke',
      times: 1,
      when: (request) => JSON.stringify(request).includes('evercert/c-'),
      error: {
        status: 403,
        name: 'AccessDeniedException',
        message: 'not authorized to perform: lambda:InvokeFunction',
      },
    });
    const result = await sandbox.scan();
    expect(result).toMatchObject({ scanned: 3, due: 3, started: 2, failed: 1 });
    expect(result.certificates.find(({ name }) => name === 'c')).toMatchObject({
      decision: 'failed',
      reason: expect.stringContaining('not authorized to perform: lambda:InvokeFunction'),
    });
    expect(['a', 'b', 'c'].map((name) => tagsOf(sandbox, name).state)).toEqual(['issued', 'failed', 'registered']);
    await sandbox.scan();
    expect(tagsOf(sandbox, 'c').state).toBe('issued');
  });

  it('a dry run decides and does nothing', async () => {
    await sandbox.register('leane.dev', spec);
    sandbox.calls.reset();
    expect(await sandbox.scan({ dryRun: true })).toMatchObject({
      due: 1,
      started: 0,
      certificates: [{ decision: 'start' }],
    });
    expect(sandbox.calls.by('secretsmanager')).toEqual({ ListSecrets: 1 });
    expect(sandbox.calls.total('lambda') + sandbox.calls.total('acme')).toBe(0);
  });
});
