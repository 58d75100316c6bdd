import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DAY } from '../../lambdas/core/duration.ts';
import { findKeyMaterial } from '../key-material.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';

const spec = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: ['eu-central-1'] };
const HMAC_KEY = 'c2VjcmV0LW1hYy1rZXktb2YtdGhlLWV4dGVybmFsLWFjY291bnQ';

/** Everything that leaves evercert in a run of each kind, searched for every key that the sandbox knows of. */
describe('no key material', () => {
  let sandbox: Sandbox;
  let heard: unknown[];

  beforeEach(async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'] });
    heard = [];
  });

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });

  const listen = (work: Promise<unknown>) =>
    work.then(
      (value) => heard.push(value),
      (error: unknown) => heard.push(error),
    );

  /** Keys of accounts and certificates, live, previous and pending, and the external account's. */
  const secrets = (): string[] => {
    const values = sandbox.secretsManager.secrets().flatMap(({ name }) => sandbox.secretsManager.history(name));
    const pems =
      JSON.stringify(values).match(/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----/g) ?? [];
    return [...pems.map((pem) => pem.replaceAll(/\\+n/g, '\n')), HMAC_KEY];
  };

  const expectSilence = () => {
    expect(secrets().length).toBeGreaterThan(2);
    const { log, printed, lambda } = sandbox;
    expect(findKeyMaterial({ heard, log, printed, invocations: lambda.invocations }, secrets())).toEqual([]);
  };

  it('leaves in a successful issuance and renewal', async () => {
    await sandbox.deployIssuer();
    await listen(sandbox.renew({ certificate: 'leane.dev', spec }));
    await sandbox.clock.advance(61 * DAY);
    await listen(sandbox.scan());
    expectSilence();
  });

  it.each([
    'secretsmanager:PutSecretValue',
    'secretsmanager:GetSecretValue',
    'secretsmanager:UpdateSecretVersionStage',
    'secretsmanager:TagResource',
    'acm:ImportCertificate',
    'acm:DescribeCertificate',
    'route53:ChangeResourceRecordSets',
    'acme:newOrder',
    'acme:finalize',
    'acme:certificate',
  ])('leaves when %s is refused, and when its answer is lost', async (operation) => {
    await sandbox.deployIssuer();
    await listen(sandbox.renew({ certificate: 'other', spec: { ...spec, domainNames: ['other.leane.dev'] } }));
    const refusal = {
      status: 400,
      name: operation.startsWith('acme') ? 'malformed' : 'ValidationException',
      message: 'refused',
    };
    for (const fault of [{ operation, error: refusal }, { operation, phase: 'after', drop: true } as const]) {
      const takeAway = sandbox.faults.add(fault);
      await listen(sandbox.renew({ certificate: 'leane.dev', spec, force: true }));
      takeAway();
      await sandbox.clock.advance(DAY);
    }
    expect(heard.filter((each) => each instanceof Error || Error.isError(each)).length).toBeGreaterThan(0);
    expectSilence();
  });

  it('leaves when an external account binding is refused', async () => {
    await sandbox.secretsManager.create('eab', JSON.stringify({ kid: 'kid-1', hmacKey: HMAC_KEY }));
    sandbox.ca.settings.eab = { required: true, once: false, keys: { 'kid-1': 'YW5vdGhlci1rZXktYWx0b2dldGhlcg' } };
    await listen(
      sandbox.deployIssuer('bound', { ...sandbox.issuerSettings(), externalAccountBinding: { secret: 'eab' } }),
    );
    expect(heard).toEqual([expect.objectContaining({ code: 'ca-refused' })]);
    expectSilence();
  });

  it('is overlooked: a key planted in a cause fails the search', async () => {
    await sandbox.deployIssuer();
    await listen(sandbox.renew({ certificate: 'leane.dev', spec }));
    const pem = secrets()[0] ?? '';
    heard.push(new Error('outer', { cause: new Error('inner', { cause: { body: pem } }) }));
    expect(() => expectSilence()).toThrow();
  });
});
