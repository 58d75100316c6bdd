import { generateKeyPairSync, KeyObject, X509Certificate } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import * as x509 from '@peculiar/x509';
import type { CertificateTargets, TargetPair } from '../../lambdas/renewal/ports/certificate-targets.ts';
import { issueChains } from '../sandbox/ca/issuance.ts';
import {
  createIssuingHierarchy,
  createKeys,
  type IssuingHierarchy,
  SIGNING_ALGORITHM,
} from '../sandbox/ca/issuing-hierarchy.ts';

export interface CertificateTargetsWorld {
  readonly targets: CertificateTargets;
  /** Deletes an import, as somebody in the console does. */
  delete(region: string, arn: string): Promise<void>;
  /** Attaches an import to something, a load balancer for example. */
  markInUse(arn: string): Promise<void>;
  stop(): Promise<void>;
}

const REGION = 'eu-central-1';
const NAME = '*.example.com';
const TAGS = {
  'evercert:renewer': 'evercert',
  'evercert:secret': 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:evercert/a-a1b2c3',
};

/** What every `CertificateTargets` promises. */
export function certificateTargetsContract(name: string, start: () => Promise<CertificateTargetsWorld>): void {
  describe(`${name} keeps the contract of CertificateTargets`, () => {
    let world: CertificateTargetsWorld;
    let targets: CertificateTargets;

    beforeAll(async () => {
      hierarchy ??= await createIssuingHierarchy();
    });
    beforeEach(async () => {
      world = await start();
      targets = world.targets;
    });
    afterEach(() => world.stop());

    describe('import', () => {
      it('imports a pair anew, each time', async () => {
        const pair = await issuePair();
        const first = await targets.import(REGION, pair, { tags: TAGS });
        expect(first).toMatch(/^arn:aws:acm:eu-central-1:\d{12}:certificate\/./);
        expect(await targets.import(REGION, pair, { tags: TAGS })).not.toBe(first);
      });

      it('imports over an existing ARN, which keeps its tags', async () => {
        const arn = await targets.import(REGION, await issuePair(), { tags: TAGS });
        const renewed = await issuePair();
        expect(await targets.import(REGION, renewed, { arn })).toBe(arn);
        expect(await targets.serialNumber(REGION, arn)).toBe(serialOf(renewed));
        expect(await targets.find(REGION, TAGS, NAME)).toEqual([arn]);
      });

      it('may be repeated over an existing ARN', async () => {
        const pair = await issuePair();
        const arn = await targets.import(REGION, pair, { tags: TAGS });
        expect(await targets.import(REGION, pair, { arn })).toBe(arn);
      });

      it('imports a self-signed pair, which has no intermediates', async () => {
        const pair = await selfSignedPair();
        const arn = await targets.import(REGION, pair, { tags: TAGS });
        expect(await targets.serialNumber(REGION, arn)).toBe(serialOf(pair));
      });

      it('refuses another key type over an existing ARN', async () => {
        const first = await issuePair();
        const arn = await targets.import(REGION, first, { tags: TAGS });
        const other = await issuePair({ curve: 'P-384' });
        await expect(targets.import(REGION, other, { arn })).rejects.toMatchObject({
          code: 'target-refused',
          message: expect.stringContaining(arn),
        });
        expect(await targets.serialNumber(REGION, arn)).toBe(serialOf(first));
      });

      it('says that an ARN is gone', async () => {
        const arn = await targets.import(REGION, await issuePair(), { tags: TAGS });
        await world.delete(REGION, arn);
        await expect(targets.import(REGION, await issuePair(), { arn })).rejects.toMatchObject({ code: 'target-gone' });
      });
    });

    describe('find', () => {
      it('finds an import by its tags, whatever its key type', async () => {
        for (const curve of ['P-256', 'P-384'] as const) {
          const tags = { ...TAGS, 'evercert:key': curve };
          const arn = await targets.import(REGION, await issuePair({ curve }), { tags: { ...tags, team: 'web' } });
          expect(await targets.find(REGION, tags, NAME)).toEqual([arn]);
        }
      });

      it('finds it by a name that is not the first one in the certificate', async () => {
        const pair = await issuePair({ names: ['example.com', NAME] });
        const arn = await targets.import(REGION, pair, { tags: TAGS });
        expect(await targets.find(REGION, TAGS, NAME)).toEqual([arn]);
      });

      it('finds every import that carries them', async () => {
        const pair = await issuePair();
        const arns = [
          await targets.import(REGION, pair, { tags: TAGS }),
          await targets.import(REGION, pair, { tags: TAGS }),
        ];
        expect([...(await targets.find(REGION, TAGS, NAME))].sort()).toEqual(arns.sort());
      });

      it('finds nothing when a tag is missing or has another value', async () => {
        const pair = await issuePair();
        await targets.import(REGION, pair, { tags: { ...TAGS, 'evercert:renewer': 'evercert-staging' } });
        await targets.import(REGION, pair, { tags: { 'evercert:renewer': 'evercert' } });
        await targets.import(REGION, pair, { tags: {} });
        expect(await targets.find(REGION, TAGS, NAME)).toEqual([]);
      });

      it('looks in the region alone', async () => {
        await targets.import('us-east-1', await issuePair(), { tags: TAGS });
        expect(await targets.find(REGION, TAGS, NAME)).toEqual([]);
      });

      it('pages to the end', async () => {
        const foreign = await issuePair({ names: ['example.org'] });
        const before = await targets.import(REGION, await issuePair(), { tags: { ...TAGS, end: 'first' } });
        for (let count = 0; count < 120; count += 1) await targets.import(REGION, foreign, { tags: {} });
        const after = await targets.import(REGION, await issuePair(), { tags: { ...TAGS, end: 'last' } });
        expect(await targets.find(REGION, { ...TAGS, end: 'first' }, NAME)).toEqual([before]);
        expect(await targets.find(REGION, { ...TAGS, end: 'last' }, NAME)).toEqual([after]);
      });
    });

    describe('retag', () => {
      const found = (tags: Readonly<Record<string, string>>) => targets.find(REGION, tags, NAME);

      it('sets tags, and removes what still has the value that it is said to have', async () => {
        const before = { ...TAGS, team: 'web', tier: 'gold', stage: 'prod', theirs: 'value' };
        const arn = await targets.import(REGION, await issuePair(), { tags: before });
        const changes = {
          set: { team: 'edge', cost: '42' },
          remove: [['tier', 'gold'] as const, ['stage', 'test'] as const, ['gone', 'long ago'] as const],
        };
        await targets.retag(REGION, arn, changes);
        await targets.retag(REGION, arn, changes);
        expect(await found({ ...TAGS, team: 'edge', cost: '42', stage: 'prod', theirs: 'value' })).toEqual([arn]);
        expect(await found({ tier: 'gold' })).toEqual([]);
      });

      it('keeps a tag that is to be set, whatever value it is to lose', async () => {
        const arn = await targets.import(REGION, await issuePair(), { tags: { ...TAGS, team: 'web' } });
        await targets.retag(REGION, arn, { set: { team: 'edge' }, remove: [['team', 'web']] });
        expect(await found({ team: 'edge' })).toEqual([arn]);
      });

      it('has nothing to do for an import that is gone', async () => {
        const arn = await targets.import(REGION, await issuePair(), { tags: TAGS });
        await world.delete(REGION, arn);
        await targets.retag(REGION, arn, { set: { team: 'web' }, remove: [['tier', 'gold']] });
      });
    });

    describe('serialNumber', () => {
      it.each([
        'e3b0c44298fc1c149afbf4c8996fb924',
        '03b0c44298fc1c149afbf4c8996fb924',
        '7fb0c44298fc1c149afbf4c8996fb924',
      ])("is the leaf's in lower-case hex: %s", async (serial) => {
        const pair = await issuePair({ serial });
        const arn = await targets.import(REGION, pair, { tags: TAGS });
        expect(await targets.serialNumber(REGION, arn)).toBe(serial);
        expect(serialOf(pair)).toBe(serial);
      });

      it('has no answer when the ARN is gone', async () => {
        const arn = await targets.import(REGION, await issuePair(), { tags: TAGS });
        await world.delete(REGION, arn);
        expect(await targets.serialNumber(REGION, arn)).toBeUndefined();
      });
    });

    describe('remove', () => {
      it('deletes an import and no other', async () => {
        const [arn, other] = [
          await targets.import(REGION, await issuePair(), { tags: TAGS }),
          await targets.import(REGION, await issuePair(), { tags: TAGS }),
        ];
        expect(await targets.remove(REGION, arn)).toBe('removed');
        expect(await targets.serialNumber(REGION, arn)).toBeUndefined();
        expect(await targets.serialNumber(REGION, other)).toBeDefined();
      });

      it('may be repeated', async () => {
        const arn = await targets.import(REGION, await issuePair(), { tags: TAGS });
        await targets.remove(REGION, arn);
        expect(await targets.remove(REGION, arn)).toBe('removed');
      });

      it('leaves an import alone that something uses, and says so', async () => {
        const pair = await issuePair();
        const arn = await targets.import(REGION, pair, { tags: TAGS });
        await world.markInUse(arn);
        expect(await targets.remove(REGION, arn)).toBe('in-use');
        expect(await targets.serialNumber(REGION, arn)).toBe(serialOf(pair));
      });
    });
  });
}

let hierarchy: IssuingHierarchy | undefined;
let issued = 0;

/** A pair of the sandbox's CA that is valid now, by real time. */
export async function issuePair(
  wanted: { readonly names?: readonly string[]; readonly curve?: 'P-256' | 'P-384'; readonly serial?: string } = {},
): Promise<TargetPair> {
  hierarchy ??= await createIssuingHierarchy();
  const [issuer] = hierarchy.intermediates;
  if (!issuer) throw new Error('the hierarchy has no intermediate');
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: wanted.curve ?? 'P-256' });
  issued += 1;
  const now = Math.floor(Date.now() / 1000) * 1000;
  const leaf = {
    names: wanted.names ?? [NAME],
    commonName: undefined,
    publicKey,
    notBefore: now - 3_600_000,
    notAfter: now + 90 * 86_400_000,
    serial: wanted.serial ?? `5a${String(issued).padStart(30, '0')}`,
    lean: true,
  };
  const [chain = ''] = await issueChains(leaf, hierarchy, issuer);
  const [certificate = '', ...intermediates] = chain.split(/(?<=-----END CERTIFICATE-----\n)/);
  return {
    certificate,
    chain: intermediates.join(''),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

async function selfSignedPair(): Promise<TargetPair> {
  const keys = await createKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [NAME] }],
    keys,
    signingAlgorithm: SIGNING_ALGORITHM,
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 90 * 86_400_000),
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: NAME }])],
  });
  return {
    certificate: `${certificate.toString('pem')}\n`,
    chain: '',
    privateKey: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

export function serialOf(pair: TargetPair): string {
  return new X509Certificate(pair.certificate).serialNumber.toLowerCase();
}
