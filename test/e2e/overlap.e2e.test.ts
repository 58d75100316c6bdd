import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import type { RenewalFailure } from '../../lambdas/core/failure.ts';
import { live, tagsOf } from '../sandbox/inspect.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';

const spec = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: ['eu-central-1'] };

describe('two runs at the same moment', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'] });
    await sandbox.deployIssuer();
  });

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });

  const entryPoints: Readonly<Record<string, () => Promise<unknown>>> = {
    'the schedule': () => sandbox.scan(),
    'a forced scan by hand': () => sandbox.scan({ certificates: ['leane.dev'], force: true }),
    'a renewal by hand': () => sandbox.renew({ certificate: 'leane.dev' }),
    'a forced renewal by hand': () => sandbox.renew({ certificate: 'leane.dev', force: true }),
    'a renewal with the same spec': () => sandbox.renew({ certificate: 'leane.dev', spec }),
  };
  const names = Object.keys(entryPoints);

  for (const [index, one] of names.entries()) {
    for (const other of names.slice(index)) {
      it(`give one finalized order: ${one} and ${other}`, async () => {
        await sandbox.register('leane.dev', spec);
        await Promise.all([entryPoints[one]?.(), entryPoints[other]?.()]);
        expect(sandbox.ca.finalizedOrders()).toHaveLength(1);
        expect(sandbox.acm.certificates('eu-central-1')).toHaveLength(1);
        expect(tagsOf(sandbox, 'leane.dev').state).toBe('issued');
      });
    }
  }

  it('tell the loser who owns the claim', async () => {
    await sandbox.register('leane.dev', spec);
    const outcomes = await Promise.all([
      sandbox.renew({ certificate: 'leane.dev' }),
      sandbox.renew({ certificate: 'leane.dev' }),
    ]);
    expect(outcomes.map(({ decision }) => decision).sort()).toEqual(['busy', 'renewed']);
    expect(outcomes.find(({ decision }) => decision === 'busy')?.reason).toMatch(
      /another run owns the claim until \d{4}-/,
    );
  });

  it('do not renew twice when what a scan has learned of the certificate before is stored after the renewal', async () => {
    await sandbox.renew({ certificate: 'leane.dev', spec });
    await sandbox.clock.advance(61 * DAY);
    sandbox.faults.add({ operation: 'secretsmanager:TagResource', times: 1, delay: 17 * MINUTE });
    await Promise.allSettled([sandbox.scan(), sandbox.renew({ certificate: 'leane.dev' })]);
    await sandbox.clock.advance(HOUR);
    expect(tagsOf(sandbox, 'leane.dev').renewAt).toBeLessThan(sandbox.clock.now());
    await sandbox.scan();
    await sandbox.scan();
    expect(sandbox.ca.finalizedOrders()).toHaveLength(2);
    expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ ariId: live(sandbox, 'leane.dev').issued.ariCertId });
    expect(tagsOf(sandbox, 'leane.dev').renewAt).toBeGreaterThan(sandbox.clock.now());
  });

  it('register one account when both are the first to use the issuer', async () => {
    sandbox.calls.reset();
    const settings = { ...sandbox.issuerSettings(), email: 'second@leane.dev' };
    await Promise.all([sandbox.deployIssuer('second', settings), sandbox.deployIssuer('second', settings)]);
    expect(sandbox.ca.accounts).toHaveLength(2);
    expect(sandbox.calls.of('acme:newAccount')).toBe(1);
  });

  it('let a secret that a hand has changed meanwhile win, and the next scan starts from it', async () => {
    await sandbox.register('leane.dev', spec);
    const edit = () => {
      sandbox.secretsManager.overwrite('evercert/leane.dev', JSON.stringify({ note: 'by hand' }));
      return false;
    };
    sandbox.faults.add({ operation: 'acme:finalize', phase: 'after', times: 1, when: edit });
    expect(await sandbox.renew({ certificate: 'leane.dev' })).toMatchObject({ decision: 'claim-lost' });
    expect(live(sandbox, 'leane.dev')).toEqual({ note: 'by hand' });

    sandbox.faults.clear();
    await sandbox.clock.advance(HOUR);
    await sandbox.scan();
    expect(live(sandbox, 'leane.dev').domainNames).toEqual(spec.domainNames);
  });

  describe('with a spec that is changed while the CA issues for another', () => {
    const wanted = (name: string, issuer = 'sandbox') => ({
      certificate: 'leane.dev',
      spec: { ...spec, domainNames: ['leane.dev', name], issuer },
    });
    const changedMeanwhile = async (name: string, issuer?: string) => {
      await sandbox.renew({ certificate: 'leane.dev', spec });
      const renewal = sandbox.renew(wanted('a.leane.dev'));
      await sandbox.clock.advance(10_000);
      await sandbox.renew(wanted(name, issuer)).catch(() => undefined);
      return renewal;
    };

    it('keep what is live if it is what the spec asks for again', async () => {
      expect(await changedMeanwhile('*.leane.dev')).toMatchObject({ decision: 'spec-changed-back' });
      expect(live(sandbox, 'leane.dev').domainNames).toEqual(spec.domainNames);
      expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'issued', failures: 0 });
      expect(await sandbox.renew({ certificate: 'leane.dev' })).toMatchObject({ decision: 'not-due' });
    });

    it('publish what was issued if the spec has a mistake now', async () => {
      expect(await changedMeanwhile('*.leane.dev', 'nobody')).toMatchObject({ decision: 'renewed' });
      expect(sandbox.secretsManager.value('evercert/leane.dev', 'ACME_SPEC')).toMatch('nobody');
    });

    it('publish what is no further from the spec than what is live', async () => {
      expect(await changedMeanwhile('b.leane.dev')).toMatchObject({ decision: 'renewed' });
      expect(live(sandbox, 'leane.dev').domainNames).toEqual(['leane.dev', 'a.leane.dev']);
      expect(await sandbox.renew({ certificate: 'leane.dev' })).toMatchObject({ decision: 'renewed' });
      expect(live(sandbox, 'leane.dev').domainNames).toEqual(['leane.dev', 'b.leane.dev']);
    });
  });

  it('let a later run take over after the lease of a dead one, with the same key and the same order', async () => {
    await sandbox.register('leane.dev', spec);
    // The run dies: from the challenge's answer on, nothing that it asks of anybody is answered.
    const takeAway = [
      sandbox.faults.add({ operation: 'acme:*', skip: 6, drop: true }),
      sandbox.faults.add({ operation: 'secretsmanager:TagResource', skip: 1, drop: true }),
    ];
    await expect(sandbox.renew({ certificate: 'leane.dev' })).rejects.toMatchObject({ code: 'ca-unreachable' });
    for (const take of takeAway) take();
    expect(tagsOf(sandbox, 'leane.dev').state).toBe('renewing');

    expect(await sandbox.renew({ certificate: 'leane.dev' })).toMatchObject({ decision: 'busy' });
    await sandbox.clock.advance(16 * MINUTE);
    expect(await sandbox.renew({ certificate: 'leane.dev' })).toMatchObject({ decision: 'renewed' });
    expect(sandbox.ca.orders).toHaveLength(1);
    expect(sandbox.ca.finalizedOrders()).toHaveLength(1);
  });
});

describe('a run that is slower than its lease', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'], settings: { leaseMinutes: 5 } });
    await sandbox.deployIssuer();
    await sandbox.register('leane.dev', spec);
  });

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });

  it.each([
    'acme:newOrder',
    'secretsmanager:TagResource',
    'route53:ChangeResourceRecordSets',
    'route53:GetChange',
    'acme:challenge',
    'acme:finalize',
    'acme:certificate',
    'secretsmanager:UpdateSecretVersionStage',
    'acm:ImportCertificate',
  ])('at %s notices that it has lost the claim, and publishes nothing', async (operation) => {
    sandbox.faults.add({ operation, times: 1, delay: 8 * MINUTE });
    const slow = sandbox.renew({ certificate: 'leane.dev' }).then(
      ({ decision }) => decision,
      ({ code }: RenewalFailure) => code,
    );
    await sandbox.clock.advance(6 * MINUTE);
    await sandbox.renew({ certificate: 'leane.dev' });
    const published = live(sandbox, 'leane.dev');
    const tags = tagsOf(sandbox, 'leane.dev');
    expect(tags.state).toBe('issued');

    expect(await slow).toMatch(/^(claim-lost|attempt-timeout)$/);
    expect(live(sandbox, 'leane.dev')).toEqual(published);
    expect(sandbox.acm.certificates('eu-central-1')).toHaveLength(1);
    // A TagResource that is under way can't be called back. The scan after that puts the tags in order.
    if (operation !== 'secretsmanager:TagResource') expect(tagsOf(sandbox, 'leane.dev')).toEqual(tags);
    await sandbox.clock.advance(HOUR);
    await sandbox.scan();
    expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'issued', serial: published.issued.serialNumber });
    expect(sandbox.ca.finalizedOrders()).toHaveLength(1);
  });
});
