import { createPublicKey } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import type { RenewOutcome } from '../../lambdas/core/outcome.ts';
import { findKeyMaterial } from '../key-material.ts';
import { imports, live, tagsOf } from '../sandbox/inspect.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { EXECUTIONS } from './executions.ts';

const spec = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: ['eu-central-1'] };
const revocation = { certificate: 'leane.dev', revoke: { reason: 'keyCompromise' }, confirm: 'leane.dev' };
const refused = { status: 400, name: 'ValidationException', message: 'refused for a while' };

describe.each(EXECUTIONS)('revoking a certificate, %s', (execution) => {
  let sandbox: Sandbox;
  let first: ReturnType<typeof live>;

  beforeEach(async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'], execution, coldStarts: true });
    await sandbox.deployIssuer();
    // A proof of control would be as much work as the rest of it, and is not what these tests are about.
    sandbox.ca.settings.preApproved = true;
    await sandbox.renew({ certificate: 'leane.dev', spec });
    sandbox.ca.settings.preApproved = false;
    first = live(sandbox, 'leane.dev');
  });

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });

  const certificates = () =>
    sandbox.ca.certificates.map(({ serial, revoked }) => ({ serial, reason: revoked?.reason }));
  const publicKey = (pem: string) => String(createPublicKey(pem).export({ type: 'spki', format: 'pem' }));
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => ({ code: 'nothing was thrown', message: '' }),
      (error: { code: string; message: string }) => error,
    );
  /** What must be true in the end, whatever has happened. */
  const expectReplaced = (reason = 1) => {
    const second = live(sandbox, 'leane.dev');
    expect(publicKey(second.privateKey)).not.toBe(publicKey(first.privateKey));
    expect(imports(sandbox, spec.acm)['eu-central-1']?.serial).toBe(second.issued.serialNumber);
    expect(certificates()).toEqual([
      { serial: first.issued.serialNumber, reason },
      { serial: second.issued.serialNumber, reason: undefined },
    ]);
    expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'issued', serial: second.issued.serialNumber });
  };

  it('publishes another one with a new key, in the secret and in ACM, and revokes the old one after that', async () => {
    let revokedBefore: boolean | undefined;
    sandbox.faults.add({
      operation: 'acm:ImportCertificate',
      when: () => {
        revokedBefore = sandbox.ca.certificates[0]?.revoked !== undefined;
        return false;
      },
    });
    expect(await sandbox.renew(revocation)).toMatchObject({
      decision: 'renewed',
      revoked: [first.issued.serialNumber],
    } satisfies Partial<RenewOutcome>);
    expect(revokedBefore).toBe(false);
    expectReplaced();
  });

  it('revokes first when that is asked for', async () => {
    let revokedBefore: boolean | undefined;
    sandbox.faults.add({
      operation: 'acme:newOrder',
      when: () => {
        revokedBefore = sandbox.ca.certificates[0]?.revoked !== undefined;
        return false;
      },
    });
    await sandbox.renew({ ...revocation, revoke: { reason: 'keyCompromise', immediate: true } });
    expect(revokedBefore).toBe(true);
    expectReplaced();
  });

  it('never uses the key again, although the spec says to keep it', async () => {
    await sandbox.renew({ certificate: 'leane.dev', spec: { ...spec, reuseKey: true } });
    await sandbox.renew(revocation);
    expectReplaced();
    const second = live(sandbox, 'leane.dev');
    await sandbox.renew({ certificate: 'leane.dev', force: true });
    expect(live(sandbox, 'leane.dev').privateKey).toBe(second.privateKey);
    expect(tagsOf(sandbox, 'leane.dev').state).toBe('issued');
  });

  it('replaces a pair with the revoked key that somebody puts back', async () => {
    await sandbox.renew(revocation);
    sandbox.secretsManager.overwrite('evercert/leane.dev', JSON.stringify(first));
    await sandbox.scan();
    expect(publicKey(live(sandbox, 'leane.dev').privateKey)).not.toBe(publicKey(first.privateKey));
  });

  it('does not reinstate the revoked pair when the spec is changed back', async () => {
    await sandbox.renew(revocation);
    await sandbox.renew({ certificate: 'leane.dev', spec: { ...spec, renewBefore: '20d' } });
    await sandbox.renew({ certificate: 'leane.dev', spec });
    expect(publicKey(live(sandbox, 'leane.dev').privateKey)).not.toBe(publicKey(first.privateKey));
  });

  it.each([
    ['unspecified', 0],
    ['superseded', 4],
    ['cessationOfOperation', 5],
  ])('gives the reason %s as code %i, by the account', async (reason, code) => {
    await sandbox.renew({ ...revocation, revoke: { reason } });
    expectReplaced(code);
  });

  it('revokes by the account where the CA does not take the certificate’s own key', async () => {
    const byKey = (request: unknown) => (request as { account?: unknown }).account === undefined;
    const error = { status: 403, name: 'unauthorized', message: 'accounts only' };
    sandbox.faults.add({ operation: 'acme:revokeCert', when: byKey, error });
    await sandbox.renew(revocation);
    expectReplaced();
  });

  it.each([
    [{ confirm: undefined }, 'confirm: must repeat the name of the certificate that is to be revoked'],
    [{ confirm: 'leane.de' }, 'confirm: must repeat the name'],
    [{ revoke: undefined }, 'confirm: is for revoke, which is missing'],
    [{ revoke: { reason: 'stolen' } }, 'revoke.reason must be one of "unspecified", "keyCompromise"'],
    [{ spec }, 'spec: can not be changed by the same event that revokes'],
    [{ revoke: { reason: 'superseded', serialNumber: '00ff' } }, 'nothing is revoked: the live certificate has serial'],
  ])('is refused with %j, by a sentence', async (change, sentence) => {
    const event = JSON.parse(JSON.stringify({ ...revocation, ...change })) as object;
    const { code, message } = await failure(sandbox.renew(event));
    expect([code, message]).toEqual(['invalid-input', expect.stringContaining(sentence)]);
    expect(certificates()).toEqual([{ serial: first.issued.serialNumber, reason: undefined }]);
    expect(live(sandbox, 'leane.dev')).toEqual(first);
  });

  it('is harmless when the event comes again, and can be meant by the serial number', async () => {
    await sandbox.renew(revocation);
    expect(await sandbox.renew(revocation)).toMatchObject({ decision: 'not-due' });
    expectReplaced();
    const { serialNumber } = live(sandbox, 'leane.dev').issued;
    await sandbox.renew({ ...revocation, revoke: { reason: 'keyCompromise', serialNumber } });
    expect(certificates().map(({ reason }) => reason)).toEqual([1, 1, undefined]);
  });

  it('revokes once what two ask for at the same moment', async () => {
    await Promise.allSettled([sandbox.renew(revocation), sandbox.renew(revocation)]);
    await sandbox.clock.advance(HOUR);
    await sandbox.scan();
    expectReplaced();
  });

  it.each([
    'secretsmanager:PutSecretValue',
    'acme:newOrder',
    'acme:finalize',
    'secretsmanager:UpdateSecretVersionStage',
    'acm:ImportCertificate',
    'acme:revokeCert',
  ])('survives a run that is killed after the effect of %s: the schedule ends it', async (operation) => {
    const [fn = ''] = [sandbox.deployment.functions.renew];
    sandbox.faults.add({ operation, phase: 'after', times: 1, kill: true });
    await sandbox.lambda.invoke(fn, revocation, { type: 'Event' }).catch(() => undefined);
    await sandbox.lambda.idle();
    for (let hour = 0; hour < 4; hour += 1) {
      await sandbox.clock.advance(HOUR);
      await sandbox.scan();
    }
    expectReplaced();
  });

  it('keeps at it when the CA can not revoke now, and says that the new pair is live', async () => {
    const error = { status: 403, name: 'unauthorized', message: 'not by you' };
    const takeAway = sandbox.faults.add({ operation: 'acme:revokeCert', error });
    const { code, message } = await failure(sandbox.renew(revocation));
    expect([code, message]).toEqual(['revocation-refused', expect.stringContaining('not by you')]);
    expect(live(sandbox, 'leane.dev').issued.serialNumber).not.toBe(first.issued.serialNumber);
    takeAway();
    await sandbox.clock.advance(2 * HOUR);
    await sandbox.scan();
    expectReplaced();
    expect(sandbox.ca.finalizedOrders()).toHaveLength(2);
  });

  it('waits for a proof of the names when the CA has forgotten the account, and gets it by a forced renewal', async () => {
    const takeAway = sandbox.faults.add({ operation: 'acme:revokeCert', error: refused });
    await failure(sandbox.renew({ ...revocation, revoke: { reason: 'superseded' } }));
    takeAway();
    sandbox.ca.forgetAccounts();
    await sandbox.clock.advance(2 * HOUR);
    await sandbox.scan();
    expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'failed', failure: 'revocation-refused' });

    await sandbox.renew({ certificate: 'leane.dev', force: true });
    expect(tagsOf(sandbox, 'leane.dev').state).toBe('issued');
    // Another account than the one that ordered it may give no other reason: cessationOfOperation.
    expect(certificates().map(({ reason }) => reason)).toEqual([5, undefined, undefined]);
  });

  it('does not revoke what ACM still has', async () => {
    const takeAway = sandbox.faults.add({ operation: 'acm:ImportCertificate', error: refused });
    await failure(sandbox.renew(revocation));
    expect(certificates()[0]?.reason).toBeUndefined();
    takeAway();
    await sandbox.clock.advance(2 * HOUR);
    await sandbox.scan();
    expectReplaced();
  });

  it('leaves an expired certificate alone', async () => {
    sandbox.ca.settings.lifetimeMilliseconds = 60 * DAY;
    await sandbox.clock.advance(91 * DAY);
    await sandbox.renew(revocation);
    expect(certificates().map(({ reason }) => reason)).toEqual([undefined, undefined]);
    expect(tagsOf(sandbox, 'leane.dev').state).toBe('issued');
    await sandbox.clock.advance(MINUTE);
    expect(await sandbox.scan()).toMatchObject({ due: 0 });
  });

  it('says nothing of any key in all that', async () => {
    await sandbox.renew(revocation);
    const { executions, invocations } = sandbox.lambda;
    const keys = [first.privateKey, live(sandbox, 'leane.dev').privateKey];
    const tags = sandbox.secretsManager.secrets().map((secret) => secret.tags);
    expect(findKeyMaterial({ executions, invocations, log: sandbox.log, tags }, keys)).toEqual([]);
  });
});
