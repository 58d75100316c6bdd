import { beforeEach, describe, expect, it } from '@jest/globals';
import { SECOND } from '../../lambdas/core/duration.ts';
import type { CloudFormation } from '../sandbox/cloudformation.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { REFUSAL, SECRET, useProvisioning } from './provisioning.ts';

describe('provision: an issuer', () => {
  const { world, issuer, certificate } = useProvisioning();
  let sandbox: Sandbox;
  let stacks: CloudFormation;

  beforeEach(() => {
    ({ sandbox, cloudFormation: stacks } = world());
  });

  const settingsInForce = () =>
    JSON.parse(sandbox.secretsManager.value('evercert/_issuers/sandbox', 'ACME_SPEC') ?? '');
  const wrong = () => issuer({ directoryUrl: sandbox.ca.directoryUrl.replace(/[^/]*$/, 'nowhere') });

  it('that is wrong fails the deployment', async () => {
    const stack = await stacks.createStack('web', { ...wrong(), ...certificate() });
    expect(stack).toMatchObject({
      status: 'ROLLBACK_COMPLETE',
      reason: expect.stringContaining('no ACME directory'),
    });
    expect(sandbox.secretsManager.secret(SECRET)).toBeUndefined();
  });

  it('has the tags of its stack from its creation, and follows them', async () => {
    const tagged = (tags: object) => {
      const { Issuer } = issuer();
      return {
        Issuer: { type: 'Custom::AcmeIssuer', properties: { ...Issuer?.properties, Tags: JSON.stringify(tags) } },
      };
    };
    const theirs = () =>
      Object.entries(sandbox.secretsManager.secret('evercert/_issuers/sandbox')?.tags ?? {}).filter(
        ([key]) => !key.startsWith('evercert:'),
      );
    const creations: unknown[] = [];
    const note = (request: unknown) => creations.push(JSON.parse((request as { readonly body: string }).body)) === 0;
    sandbox.faults.add({ operation: 'secretsmanager:CreateSecret', when: note, drop: true });
    await stacks.createStack('web', tagged({ team: 'platform' }));
    expect(creations).toEqual([
      expect.objectContaining({ Tags: expect.arrayContaining([{ Key: 'team', Value: 'platform' }]) }),
    ]);
    expect(theirs()).toEqual([['team', 'platform']]);
    await stacks.deleteStack('web');
    await stacks.createStack('web', tagged({ team: 'platform', tier: 'gold' }));
    expect(theirs()).toEqual([
      ['team', 'platform'],
      ['tier', 'gold'],
    ]);
    await stacks.updateStack('web', tagged({ team: 'edge' }));
    expect(theirs()).toEqual([['team', 'edge']]);
    expect(sandbox.ca.accounts).toHaveLength(1);
  });

  it('whose Create ends after its Delete belongs to nobody', async () => {
    let deleting: Promise<void> | undefined;
    sandbox.faults.add({
      operation: 'acme:newAccount',
      times: 1,
      delay: 20 * SECOND,
      when: () => {
        const create = stacks.sent.at(-1) as object;
        const deletion = { RequestType: 'Delete', RequestId: 'a-newer-one', PhysicalResourceId: 'sandbox' };
        deleting ??= world().deliver({ ...create, ...deletion });
        return true;
      },
    });
    await stacks.createStack('web', issuer());
    await deleting;
    const { tags: all = {} } = sandbox.secretsManager.secret('evercert/_issuers/sandbox') ?? {};
    expect(all).toHaveProperty(['evercert:requests']);
    expect(all).not.toHaveProperty(['evercert:stack']);
  });

  it('keeps its settings when new ones are wrong', async () => {
    await stacks.createStack('web', issuer());
    expect((await stacks.updateStack('web', wrong())).status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(settingsInForce()).toMatchObject({ directoryUrl: sandbox.ca.directoryUrl });
  });

  it('takes the settings again that were refused the last time, when the CA takes them', async () => {
    await stacks.createStack('web', issuer());
    sandbox.faults.add({ operation: 'acme:directory', error: { ...REFUSAL, message: 'closed' } });
    const changed = issuer({ email: 'other@leane.dev' });
    expect(await stacks.updateStack('web', changed)).toMatchObject({
      status: 'UPDATE_ROLLBACK_COMPLETE',
      reason: expect.stringContaining('closed'),
    });
    sandbox.faults.clear();
    expect((await stacks.updateStack('web', changed)).status).toBe('UPDATE_COMPLETE');
    expect(settingsInForce()).toMatchObject({ email: 'other@leane.dev' });
  });

  it('that nobody owns keeps its settings when a stack fails to take it over', async () => {
    await sandbox.deployIssuer();
    expect((await stacks.createStack('web', wrong())).status).toBe('ROLLBACK_COMPLETE');
    expect(settingsInForce()).toMatchObject({ directoryUrl: sandbox.ca.directoryUrl });
  });

  it('keeps its secret with the account key when it is deleted, and its account when it is created again', async () => {
    await stacks.createStack('web', issuer());
    const key = sandbox.secretsManager.value('evercert/_issuers/sandbox');
    expect((await stacks.deleteStack('web')).status).toBe('DELETE_COMPLETE');
    expect(sandbox.secretsManager.secret('evercert/_issuers/sandbox')?.tags).not.toHaveProperty('evercert:stack');
    expect((await stacks.createStack('web-2', issuer())).status).toBe('CREATE_COMPLETE');
    expect(sandbox.secretsManager.value('evercert/_issuers/sandbox')).toBe(key);
    expect(sandbox.ca.accounts).toHaveLength(1);
  });

  it('that another stack owns is refused, naming that stack', async () => {
    const { id } = await stacks.createStack('web', issuer());
    const second = await stacks.createStack('web-2', issuer({ email: 'other@leane.dev' }));
    expect(second).toMatchObject({ status: 'ROLLBACK_COMPLETE', reason: expect.stringContaining(id) });
    expect(settingsInForce()).toMatchObject({ email: 'ops@leane.dev' });
  });

  it.each(['base64url', 'base64'] as const)(
    'binds its account with a key in %s that is never told',
    async (encoding) => {
      const hmac = Buffer.from('0123456789abcdef0123456789ab~~~~');
      sandbox.ca.settings.eab = { required: true, keys: { 'kid-1': hmac.toString('base64url') } };
      sandbox.secretsManager.create('eab', JSON.stringify({ kid: 'kid-1', hmacKey: hmac.toString(encoding) }));
      const stack = await stacks.createStack('web', issuer({ externalAccountBinding: { secret: 'eab' } }));
      expect(stack).toMatchObject({ status: 'CREATE_COMPLETE' });
      expect(JSON.stringify([sandbox.log, stacks.events])).not.toContain(hmac.toString(encoding));
    },
  );
});
