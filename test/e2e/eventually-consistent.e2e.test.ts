import { beforeEach, describe, expect, it } from '@jest/globals';
import { MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import type { CloudFormation } from '../sandbox/cloudformation.ts';
import { live } from '../sandbox/inspect.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { EXECUTIONS } from './executions.ts';
import { attributes, CHANGED, NAME, REGION, SECRET, SPEC, useProvisioning } from './provisioning.ts';

describe.each(EXECUTIONS)('while reads of secrets are two seconds behind, %s', (execution) => {
  const { world, issuer, certificate, imports, finalizedOrders, serialInAcm } = useProvisioning({ execution });
  let sandbox: Sandbox;
  let stacks: CloudFormation;

  beforeEach(() => {
    ({ sandbox, cloudFormation: stacks } = world());
    sandbox.secretsManager.settings.readStalenessMilliseconds = 2 * SECOND;
  });

  it('a first deployment and a renewal take one order each', async () => {
    const stack = await stacks.createStack('web', { ...issuer(), ...certificate() });
    expect(stack).toMatchObject({ status: 'CREATE_COMPLETE' });
    expect(attributes(stack)[`CertificateArn.${REGION}`]).toBe(imports()[0]);
    expect(sandbox.ca.accounts).toHaveLength(1);
    expect(finalizedOrders()).toBe(1);

    expect(await sandbox.renew({ certificate: NAME, force: true })).toMatchObject({ decision: 'renewed' });
    expect(finalizedOrders()).toBe(2);
    expect(serialInAcm()).toBe(live(sandbox, NAME).issued.serialNumber);
    expect(imports()).toHaveLength(1);
  });

  it('an update ends when what it asks for is live', async () => {
    await stacks.createStack('web', { ...issuer(), ...certificate() });
    const update = await stacks.updateStack('web', { ...issuer(), ...certificate(CHANGED) });
    expect(update).toMatchObject({ status: 'UPDATE_COMPLETE' });
    expect(live(sandbox, NAME).domainNames).toEqual(CHANGED.domainNames);
    expect(finalizedOrders()).toBe(2);
  });

  it('a Create that fails at once is undone by the Delete that follows it', async () => {
    const stack = await stacks.createStack('web', certificate({ issuer: 'zerossl' }));
    expect(stack).toMatchObject({ status: 'ROLLBACK_COMPLETE' });
    expect(sandbox.secretsManager.secret(SECRET)?.deletionAt).toBeDefined();
  });

  it('two renewals at the same moment, of what has just been registered, take one order', async () => {
    await stacks.createStack('issuer', issuer());
    await sandbox.register(NAME, SPEC);
    const renew = () => sandbox.renew({ certificate: NAME });
    const outcomes = await Promise.all([renew(), renew()]);
    expect(outcomes.map(({ decision }) => decision).sort()).toEqual(['busy', 'renewed']);
    expect(finalizedOrders()).toBe(1);
  });
});

describe('while ACM still shows what was deleted a moment ago', () => {
  const { world, issuer, certificate, imports, serialInAcm } = useProvisioning();

  it.each(['known', 'found'])('a renewal makes a new import in the place of one that was %s', async (which) => {
    const { sandbox, cloudFormation: stacks } = world();
    sandbox.acm.settings.deletionStalenessMilliseconds = 5 * MINUTE;
    await stacks.createStack('web', { ...issuer(), ...certificate() });
    const [deleted = ''] = imports();
    sandbox.acm.delete(deleted);
    if (which === 'found') sandbox.secretsManager.untag(SECRET, [`evercert:acm:${REGION}`]);
    const outcome = await sandbox.renew({ certificate: NAME, force: true });
    expect(outcome).toMatchObject({ decision: 'renewed', acm: { [REGION]: imports()[0] } });
    expect(imports()).toEqual([expect.not.stringContaining(deleted)]);
    expect(serialInAcm()).toBe(live(sandbox, NAME).issued.serialNumber);
  });
});
