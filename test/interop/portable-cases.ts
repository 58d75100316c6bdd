import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { splitChain } from '../../lambdas/acme/pem-chain.ts';
import { DAY, HOUR } from '../../lambdas/core/duration.ts';
import { findKeyMaterial } from '../key-material.ts';
import { handshake } from '../sandbox/tls-handshake.ts';
import { type Combination, REFUSED_NAME, startWorld, type World } from './world.ts';

/** What a combination does, or can't do and why. */
export interface Abilities {
  /** Whether the CA lets a valid authorization serve the next order. */
  readonly reusesAuthorizations: boolean;
  /** Why some cases can't run: a sentence for their titles. */
  readonly withoutProfiles?: string;
  readonly withoutRenewalInfo?: string;
  readonly withoutForeignValues?: string;
}

const REGIONS = ['eu-central-1', 'us-east-1'];

/**
 * The end-to-end cases that need nothing of the sandbox: genuine handlers, real sockets, faster real time, renewals by
 * force, and everything looked up over AWS's API and the CA's.
 */
export function describePortableCases(combination: Combination, abilities: Abilities): void {
  let world: World;
  let zoneId: string;

  beforeAll(async () => {
    world = await startWorld(combination);
    zoneId = await world.aws.createZone('leane.dev');
    await world.aws.createZone('one.example');
    await world.aws.createZone('deep.one.example');
    await world.aws.createZone(REFUSED_NAME);
  }, 60_000);

  afterAll(() => world?.stop());

  const issue = (certificate: string, domainNames: readonly string[], more: object = {}) =>
    world.renew({ certificate, spec: { domainNames, issuer: 'ca', ...more } });
  const failure = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => ({ name: 'nothing was thrown' }),
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: 'RenewalFailure' });
    return error as { readonly code: string; readonly message: string };
  };
  /** Without a reason the case runs; with one it is skipped, and says why. */
  const unless = (reason: string | undefined, title: string, test: () => Promise<void>) =>
    reason === undefined ? it(title, test) : it.skip(`${title} (not here: ${reason})`, test);

  describe('one certificate', () => {
    const spec = { acm: REGIONS };
    const names = ['leane.dev', '*.leane.dev'];
    const importsByRegion = () => Promise.all(REGIONS.map((region) => world.aws.imports(region, 'leane.dev')));

    beforeAll(async () => {
      await issue('apex', names, spec);
    }, 60_000);

    it('is issued for apex and wildcard, and goes live in the secret and in ACM of both regions', async () => {
      const live = await world.aws.pair('apex');
      expect(live.domainNames).toEqual(names);
      expect(live.fullchain).toBe(live.certificate + live.chain);
      const leaf = new X509Certificate(live.certificate);
      expect(leaf.subjectAltName?.split(', ').sort()).toEqual(['DNS:*.leane.dev', 'DNS:leane.dev']);
      expect(leaf.serialNumber.toLowerCase()).toBe(live.issued.serialNumber);
      for (const imports of await importsByRegion()) {
        expect(imports).toEqual([{ arn: expect.any(String), serial: live.issued.serialNumber }]);
      }
      expect(await world.aws.tags('apex')).toMatchObject({ state: 'issued', serial: live.issued.serialNumber });
    });

    it('is accepted by TLS clients that trust the CA, for its names and for no other', async () => {
      const live = await world.aws.pair('apex');
      expect(await handshake(live, 'leane.dev', world.ca.roots)).toBeUndefined();
      expect(await handshake(live, 'anything.leane.dev', world.ca.roots)).toBeUndefined();
      expect(await handshake(live, 'two.labels.leane.dev', world.ca.roots)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
      expect(await handshake(live, 'leane.dev', [])).toBe('UNABLE_TO_GET_ISSUER_CERT_LOCALLY');
    });

    it('leaves no TXT value behind', async () => {
      expect(await world.aws.txtValues(zoneId)).toEqual({});
    });

    it('is left alone while it is not due', async () => {
      const before = await world.aws.versions('apex');
      expect(await world.renew({ certificate: 'apex' })).toMatchObject({ decision: 'not-due' });
      expect(await world.aws.versions('apex')).toEqual(before);
    });

    it('is renewed by force under the same secret and ARNs, and once when Lambda repeats the event', async () => {
      const first = await world.aws.pair('apex');
      const firstImports = await importsByRegion();
      const forced = { certificate: 'apex', force: true };
      expect(await world.renew(forced, 'one-request')).toMatchObject({ decision: 'renewed' });
      const second = await world.aws.pair('apex');
      expect(second.issued.serialNumber).not.toBe(first.issued.serialNumber);
      expect(second.privateKey).not.toBe(first.privateKey);
      expect(await world.aws.pair('apex', 'AWSPREVIOUS')).toEqual(first);
      expect(await importsByRegion()).toEqual(
        firstImports.map(([imported]) => [{ arn: imported?.arn, serial: second.issued.serialNumber }]),
      );

      expect(await world.renew(forced, 'one-request')).toMatchObject({ decision: 'not-due' });
      expect(await world.aws.pair('apex')).toEqual(second);
    });
  });

  it('a scan starts what is registered and leaves what is issued', async () => {
    const names = ['scanned-a', 'scanned-b'];
    for (const name of names) await world.register(name, { domainNames: [`${name}.leane.dev`], issuer: 'ca' });
    const decisions = (certificates: readonly { readonly name: string; readonly decision: string }[]) =>
      certificates.filter(({ name }) => names.includes(name)).map(({ decision }) => decision);
    const first = await world.scan();
    expect(first).toMatchObject({ due: 2, started: 2, failed: 0 });
    expect(decisions(first.certificates)).toEqual(['start', 'start']);
    for (const name of names) expect((await world.aws.pair(name)).domainNames).toEqual([`${name}.leane.dev`]);
    expect(await world.scan()).toMatchObject({ due: 0, started: 0, failed: 0 });
  });

  it('two certificates at once in one zone get both, and names in several zones one certificate', async () => {
    const wanted = {
      left: ['left.leane.dev', '*.left.leane.dev'],
      right: ['right.leane.dev', '*.right.leane.dev'],
      many: ['many.leane.dev', 'one.example', '*.one.example', 'www.deep.one.example'],
    };
    const outcomes = await Promise.all(Object.entries(wanted).map(([name, names]) => issue(name, names)));
    expect(outcomes.map(({ decision }) => decision)).toEqual(['renewed', 'renewed', 'renewed']);
    for (const [name, names] of Object.entries(wanted)) expect((await world.aws.pair(name)).domainNames).toEqual(names);
    expect(await world.aws.txtValues(zoneId)).toEqual({});
  });

  it('keys are of the type that the spec says, also in ACM', async () => {
    const types = ['ecdsa-p384', 'rsa-2048'] as const;
    const name = (key: string) => `${key}.leane.dev`;
    await Promise.all(types.map((key) => issue(key, [name(key)], { key, acm: ['eu-central-1'] })));
    const [ec, rsa] = await Promise.all(
      types.map(async (key) => new X509Certificate((await world.aws.pair(key)).certificate).publicKey),
    );
    expect(ec?.asymmetricKeyDetails).toMatchObject({ namedCurve: 'secp384r1' });
    expect(rsa?.asymmetricKeyDetails).toMatchObject({ modulusLength: 2_048 });
    for (const key of types) expect(await world.aws.imports('eu-central-1', name(key))).toHaveLength(1);
  });

  it('the chain ends in the root that the spec prefers', async () => {
    const rootName = (root: string | undefined) => /CN=(.*)/.exec(new X509Certificate(root ?? '').subject)?.[1] ?? '';
    const lastIssuer = (chain: string) => new X509Certificate(splitChain(chain).at(-1) ?? '').issuer;
    const [byDefault, alternate] = world.ca.roots;
    expect(lastIssuer((await world.aws.pair('apex')).chain)).toContain(rootName(byDefault));
    await issue('preferred', ['preferred.leane.dev'], { preferredChain: rootName(alternate) });
    const live = await world.aws.pair('preferred');
    expect(lastIssuer(live.chain)).toContain(rootName(alternate));
    expect(await handshake(live, 'preferred.leane.dev', [alternate ?? ''])).toBeUndefined();
  });

  unless(abilities.withoutProfiles, 'a profile shortens the life, and an unknown one is refused by name', async () => {
    await issue('profile', ['profile.leane.dev'], { profile: 'shortlived' });
    const { notBefore, notAfter, profile } = (await world.aws.pair('profile')).issued;
    expect(profile).toBe('shortlived');
    expect(Date.parse(notAfter) - Date.parse(notBefore)).toBeLessThan(7 * DAY);
    const { code, message } = await failure(issue('no-profile', ['other.leane.dev'], { profile: 'eternal' }));
    expect(code).toBe('invalid-input');
    expect(message).toContain('eternal');
  });

  unless(abilities.withoutRenewalInfo, 'a renewal window in the past makes the scan start a renewal', async () => {
    await issue('early', ['early.leane.dev']);
    const first = await world.aws.pair('early');
    expect(await world.scan({ certificates: ['early'] }, 7 * HOUR)).toMatchObject({ due: 0 });
    const ago = (time: number) => new Date(Date.now() - time);
    await world.ca.setRenewalWindow(first.certificate, { start: ago(2 * DAY), end: ago(DAY) });
    expect(await world.scan({ certificates: ['early'] }, 14 * HOUR)).toMatchObject({ due: 1, started: 1 });
    expect((await world.aws.pair('early')).issued.serialNumber).not.toBe(first.issued.serialNumber);
  });

  it('a refusal of the CA is passed on in its words, and the live pair stays', async () => {
    await issue('refused', ['still.leane.dev']);
    const before = await world.aws.pair('refused');
    const { code, message } = await failure(issue('refused', ['still.leane.dev', REFUSED_NAME]));
    expect(code).toBe('ca-refused');
    expect(message).toContain(REFUSED_NAME);
    expect(message).toMatch(/policy|refuses to issue/);
    expect(await world.aws.tags('refused')).toMatchObject({ state: 'failed', failure: 'ca-refused', failures: 1 });
    expect(await world.aws.pair('refused')).toEqual(before);
  });

  unless(abilities.withoutForeignValues, 'another client’s TXT value at the same name survives', async () => {
    const name = '_acme-challenge.shared.leane.dev';
    const foreign = '"somebody else"';
    await world.aws.writeTxt('CREATE', zoneId, name, foreign);
    await issue('shared', ['shared.leane.dev', '*.shared.leane.dev']);
    expect(await world.aws.txtValues(zoneId)).toEqual({ [name]: [foreign] });
    await world.aws.writeTxt('DELETE', zoneId, name, foreign);
  });

  it('after a validation that failed, the next attempt succeeds with the same key', async () => {
    const name = '_acme-challenge.unlucky.leane.dev';
    world.hiddenFromCa.add(name);
    const { code, message } = await failure(issue('unlucky', ['unlucky.leane.dev']));
    expect(code).toBe('challenge-failed');
    expect(message).toMatch(/the CA could not validate unlucky\.leane\.dev: .*TXT/);
    expect(await world.aws.tags('unlucky')).toMatchObject({ state: 'failed', failure: 'challenge-failed' });
    expect(await world.aws.txtValues(zoneId)).toEqual({});
    const { privateKey } = JSON.parse(await world.aws.value('unlucky', 'ACME_PENDING')) as { privateKey: string };

    expect(await world.renew({ certificate: 'unlucky' })).toMatchObject({ decision: 'back-off' });
    world.hiddenFromCa.delete(name);
    expect(await world.renew({ certificate: 'unlucky', force: true })).toMatchObject({ decision: 'renewed' });
    expect((await world.aws.pair('unlucky')).privateKey).toBe(privateKey);
  });

  it('a revoked certificate is replaced first, by one with another key', async () => {
    await issue('stolen', ['stolen.leane.dev'], { acm: ['eu-central-1'], reuseKey: true });
    const first = await world.aws.pair('stolen');
    const revoke = { certificate: 'stolen', revoke: { reason: 'keyCompromise' }, confirm: 'stolen' };
    expect(await world.renew(revoke)).toMatchObject({ decision: 'renewed', revoked: [first.issued.serialNumber] });
    const second = await world.aws.pair('stolen');
    expect(second.privateKey).not.toBe(first.privateKey);
    expect([await world.ca.isRevoked(first.certificate), await world.ca.isRevoked(second.certificate)]).toEqual([
      true,
      false,
    ]);
    expect(await world.renew(revoke)).toMatchObject({ decision: 'not-due' });
    expect(await world.ca.isRevoked(second.certificate)).toBe(false);
  });

  it('a certificate is revoked by the account for another reason', async () => {
    await issue('given-up', ['given-up.leane.dev']);
    const { certificate } = await world.aws.pair('given-up');
    const revoke = { reason: 'cessationOfOperation', immediate: true };
    await world.renew({ certificate: 'given-up', revoke, confirm: 'given-up' });
    expect(await world.ca.isRevoked(certificate)).toBe(true);
  });

  it('the account gets another key, and goes on with its e-mail address changed', async () => {
    await issue('before', ['before.leane.dev']);
    const { accountUrl } = (await world.aws.pair('before')).issued;
    await world.configure({ keyRollover: 'once', email: 'tls@leane.dev' });
    await issue('after', ['after.leane.dev']);
    expect((await world.aws.pair('after')).issued.accountUrl).toBe(accountUrl);
  });

  it(`control that was proven ${abilities.reusesAuthorizations ? 'is not' : 'has to be'} proven again`, async () => {
    await issue('proven', ['proven.leane.dev']);
    world.hiddenFromCa.add('_acme-challenge.proven.leane.dev');
    const again = world.renew({ certificate: 'proven', force: true });
    if (abilities.reusesAuthorizations) expect(await again).toMatchObject({ decision: 'renewed' });
    else expect(await failure(again)).toMatchObject({ code: 'challenge-failed' });
  });

  it('nothing that was said in all this is key material', async () => {
    const certificates = ['apex', 'left', 'rsa-2048', 'unlucky'];
    const keys = await Promise.all(certificates.map(async (name) => (await world.aws.pair(name)).privateKey));
    expect(world.heard.length).toBeGreaterThan(50);
    expect(findKeyMaterial({ heard: world.heard, invocations: world.invocations }, keys)).toEqual([]);
  });
}
