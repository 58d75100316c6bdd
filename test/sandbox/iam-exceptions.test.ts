import { describe, expect, it } from '@jest/globals';
import { Acm } from './acm.ts';
import type { AwsRequest } from './aws-service.ts';
import { acmAccess } from './iam-acm.ts';
import { EXPECTED_DENIALS } from './iam-exceptions.ts';
import { createTestIssuer } from './issue-certificate.ts';
import { VirtualClock } from './virtual-clock.ts';

const REGION = 'eu-central-1';
const NOW = Date.UTC(2026, 0, 1);

describe('A denial in ACM', () => {
  it('is expected where nothing has the ARN, and not of a certificate without tags, which is somebody else’s', async () => {
    const clock = new VirtualClock(NOW);
    const acm = new Acm({ clock });
    const request = (input: object) => ({ body: JSON.stringify(input), region: REGION }) as AwsRequest;
    const issuer = await createTestIssuer();
    const { certificate, chain, privateKey } = await issuer.issue({
      names: ['leane.dev'],
      notBefore: NOW,
      notAfter: NOW + 86_400_000,
    });
    const base64 = (pem: string) => Buffer.from(pem).toString('base64');
    const pair = {
      Certificate: base64(certificate),
      CertificateChain: base64(chain),
      PrivateKey: base64(privateKey),
    };
    await acm.answer('ImportCertificate', request(pair));
    const [theirs] = acm.certificates(REGION);
    const gone = theirs?.arn.replace(/[0-9a-f]{8}$/, '00000000') ?? '';
    const isExpected = (operation: string, input: object) => {
      const [denied] = acmAccess(acm)(operation, request(input));
      if (!denied) throw new Error(`IAM is asked nothing for ${operation}.`);
      const { action, resource, context, exists } = denied;
      return EXPECTED_DENIALS.some((each) => each.isExpected({ role: 'renew', action, resource, context, exists }));
    };
    expect(isExpected('ImportCertificate', { ...pair, CertificateArn: gone })).toBe(true);
    expect(isExpected('DeleteCertificate', { CertificateArn: gone })).toBe(true);
    expect(isExpected('ImportCertificate', { ...pair, CertificateArn: theirs?.arn })).toBe(false);
    expect(isExpected('DeleteCertificate', { CertificateArn: theirs?.arn })).toBe(false);
    expect(isExpected('ImportCertificate', pair)).toBe(false);
    expect(isExpected('DescribeCertificate', { CertificateArn: gone })).toBe(false);
    clock.close();
  });
});
