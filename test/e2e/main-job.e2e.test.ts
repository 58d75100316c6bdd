import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DAY, HOUR } from '../../lambdas/core/duration.ts';
import { imports, live, tagsOf } from '../sandbox/inspect.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { handshake } from '../sandbox/tls-handshake.ts';

const spec = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: ['eu-central-1', 'us-east-1'] };

describe('the main job', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'] });
  });

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });

  it('issues what a scan finds registered, publishes it, and renews it under the same secret and ARNs', async () => {
    await sandbox.deployIssuer();
    await sandbox.register('leane.dev', spec);

    const scan = await sandbox.scan();
    expect(scan).toMatchObject({ scanned: 1, due: 1, started: 1, failed: 0 });
    expect(scan.certificates).toEqual([
      { name: 'leane.dev', state: 'registered', decision: 'start', reason: 'nothing has been issued yet' },
    ]);

    const first = live(sandbox, 'leane.dev');
    expect(first.domainNames).toEqual(spec.domainNames);
    expect(first.fullchain).toBe(first.certificate + first.chain);
    const firstImports = imports(sandbox, spec.acm);
    for (const imported of Object.values(firstImports)) expect(imported?.serial).toBe(first.issued.serialNumber);
    const firstTags = tagsOf(sandbox, 'leane.dev');
    expect(firstTags.state).toBe('issued');

    const idle = await sandbox.scan();
    expect(idle).toMatchObject({ due: 0, started: 0 });

    await sandbox.clock.advance((firstTags.renewAt ?? 0) - sandbox.clock.now() + HOUR);
    expect(await sandbox.scan()).toMatchObject({ due: 1, started: 1, failed: 0 });
    const second = live(sandbox, 'leane.dev');
    expect(second.issued.serialNumber).not.toBe(first.issued.serialNumber);
    expect(second.privateKey).not.toBe(first.privateKey);
    const secondImports = imports(sandbox, spec.acm);
    for (const region of spec.acm) {
      expect(secondImports[region]?.arn).toBe(firstImports[region]?.arn);
      expect(secondImports[region]?.serial).toBe(second.issued.serialNumber);
    }
    expect(JSON.parse(sandbox.secretsManager.value('evercert/leane.dev', 'AWSPREVIOUS') ?? '')).toEqual(first);
    expect(sandbox.ca.finalizedOrders()).toHaveLength(2);
    expect(sandbox.ca.accounts).toHaveLength(1);
  });

  it('publishes a pair that TLS clients accept for names under the wildcard, and for no other name', async () => {
    await sandbox.deployIssuer();
    await sandbox.renew({ certificate: 'leane.dev', spec: { ...spec, acm: [] } });
    const pair = live(sandbox, 'leane.dev');
    const roots = sandbox.ca.roots.map(({ pem }) => pem);
    expect(await handshake(pair, 'anything.leane.dev', roots)).toBeUndefined();
    expect(await handshake(pair, 'leane.dev', roots)).toBeUndefined();
    expect(await handshake(pair, 'leane.dev.example', roots)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(await handshake(pair, 'two.labels.leane.dev', roots)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(await handshake(pair, 'anything.leane.dev', [])).toBe('UNABLE_TO_GET_ISSUER_CERT_LOCALLY');
  });

  it('leaves no TXT value behind', async () => {
    await sandbox.deployIssuer();
    await sandbox.renew({ certificate: 'leane.dev', spec });
    const [zone] = sandbox.route53.zones();
    expect(sandbox.route53.records(zone?.id ?? '').filter(({ type }) => type === 'TXT')).toEqual([]);
  });

  it('stays within its budget of calls for a first issuance', async () => {
    await sandbox.deployIssuer();
    await sandbox.register('leane.dev', spec);
    await sandbox.scan();
    const { GetChange: syncChecks, ...route53 } = sandbox.calls.by('route53');
    expect(Object.values(route53).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(4);
    expect(syncChecks).toBeLessThanOrEqual(3);
    expect(sandbox.calls.total('acme')).toBeLessThanOrEqual(16);
    expect(sandbox.calls.of('acme:renewalInfo')).toBe(1);
  });

  it('waits for propagation once, however many names there are', async () => {
    for (const zone of ['one.example', 'two.example']) sandbox.route53.createZone(zone);
    await sandbox.deployIssuer();
    const names = ['leane.dev', 'one.example', 'two.example'].flatMap((apex) => [apex, `*.${apex}`, `a.b.${apex}`]);
    const began = sandbox.clock.now();
    await sandbox.renew({ certificate: 'many', spec: { ...spec, domainNames: names, acm: [] } });
    const propagation = sandbox.route53.settings.propagationMilliseconds;
    expect(sandbox.clock.now() - began).toBeLessThan(2 * propagation);
    // One change presents and one removes in each zone.
    expect(sandbox.calls.of('route53:ChangeResourceRecordSets')).toBe(6);
    expect(sandbox.calls.of('route53:ListHostedZones')).toBe(1);
  });

  it('adopts a secret that holds a certificate and a key, with the names that it has', async () => {
    await sandbox.deployIssuer();
    await sandbox.renew({ certificate: 'leane.dev', spec: { ...spec, acm: [] } });
    const old = live(sandbox, 'leane.dev');
    await sandbox.secretsManager.create(
      'legacy/tls',
      JSON.stringify({ 'tls.crt': old.fullchain, 'tls.key': old.privateKey, owner: 'web' }),
      {
        'evercert:renewer': 'evercert',
      },
    );
    // Adopted while it is fine: looked at, described by tags, and left alone.
    await sandbox.scan();
    expect(tagsOf(sandbox, 'legacy/tls', '').state).toBe('issued');
    expect(sandbox.ca.finalizedOrders()).toHaveLength(1);

    await sandbox.clock.advance(61 * DAY);
    await sandbox.scan({ certificates: ['legacy/tls'] });
    const value = JSON.parse(sandbox.secretsManager.value('legacy/tls') ?? '') as Record<string, unknown>;
    expect(value['owner']).toBe('web');
    expect(value['tls.crt']).toBe(value['fullchain']);
    expect(value['tls.key']).toBe(value['privateKey']);
    expect(value['domainNames']).toEqual(['*.leane.dev', 'leane.dev']);
    expect(value['tls.crt']).not.toBe(old.fullchain);
  });

  it('makes no call for a certificate that is not due, except renewal information when its time has come', async () => {
    await sandbox.deployIssuer();
    for (const name of ['a', 'b', 'c'])
      await sandbox.renew({ certificate: name, spec: { ...spec, domainNames: [`${name}.leane.dev`], acm: [] } });
    sandbox.calls.reset();
    await sandbox.scan();
    expect(sandbox.calls.by('secretsmanager')).toEqual({ ListSecrets: 1 });
    expect(sandbox.calls.total('acme') + sandbox.calls.total('lambda')).toBe(0);

    await sandbox.clock.advance(12 * HOUR);
    await sandbox.scan();
    expect(sandbox.calls.by('acme')).toEqual({ renewalInfo: 3 });
    expect(sandbox.calls.by('secretsmanager')).toEqual({ ListSecrets: 2, TagResource: 3 });
  });
});
