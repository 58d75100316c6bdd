import { describe, expect, it } from '@jest/globals';
import { answerDocument, LARGEST_ANSWER } from '../../lambdas/core/provision-answer.ts';

const address = {
  responseUrl: 'https://bucket.example/answer?X-Amz-Signature=abc',
  stackId: `arn:aws:cloudformation:ap-southeast-1:123456789012:stack/${'s'.repeat(128)}/${'0'.repeat(36)}`,
  requestId: '0'.repeat(36),
  logicalId: 'L'.repeat(255),
  physicalId: undefined,
};
const bytes = (document: string) => Buffer.byteLength(document);

describe('an answer to CloudFormation', () => {
  it('repeats what it has to, and keeps the URL to itself', () => {
    const document = answerDocument(address, { status: 'SUCCESS', physicalId: 'a', data: { SecretArn: 'arn' } });
    expect(JSON.parse(document)).toEqual({
      Status: 'SUCCESS',
      PhysicalResourceId: 'a',
      StackId: address.stackId,
      RequestId: address.requestId,
      LogicalResourceId: address.logicalId,
      Data: { SecretArn: 'arn' },
    });
  });

  it.each([
    ['letters', 'a'],
    ['quotation marks', '"'],
    ['umlauts', 'ü'],
    ['emoji', '😀'],
    ['half an emoji', '\ud83d'],
    ['control characters', '\u0001'],
  ])('is shortened to what CloudFormation takes: %s', (_what, character) => {
    const document = answerDocument(address, { status: 'FAILED', physicalId: 'a', reason: character.repeat(9_000) });
    expect(bytes(document)).toBeLessThanOrEqual(LARGEST_ANSWER);
    expect(bytes(document)).toBeGreaterThan(LARGEST_ANSWER - 40);
    const { Reason } = JSON.parse(document) as { Reason: string };
    expect(Reason).toMatch(/ …$/);
    expect(Reason.isWellFormed()).toBe(true);
  });

  it('is left alone when it fits to the byte', () => {
    const frame = bytes(answerDocument(address, { status: 'FAILED', physicalId: 'a', reason: '' }));
    const reason = 'x'.repeat(LARGEST_ANSWER - frame);
    const document = answerDocument(address, { status: 'FAILED', physicalId: 'a', reason });
    expect(bytes(document)).toBe(LARGEST_ANSWER);
    expect(JSON.parse(document)).toMatchObject({ Reason: reason });
  });

  it('has room for twenty regions', () => {
    const arns = Array.from({ length: 20 }, (_, index) => [
      `CertificateArn.ap-southeast-${index}`,
      `arn:aws:acm:ap-southeast-${index}:123456789012:certificate/${'0'.repeat(36)}`,
    ]);
    const document = answerDocument(address, {
      status: 'SUCCESS',
      physicalId: `${'n'.repeat(200)}:ecdsa-p256`,
      data: {
        SecretArn: `arn:aws:secretsmanager:ap-southeast-1:123456789012:secret:${'p'.repeat(300)}-a1b2c3`,
        NotAfter: new Date(0).toISOString(),
        ...Object.fromEntries(arns),
      },
    });
    expect(JSON.parse(document)).toMatchObject({ Status: 'SUCCESS' });
    expect(bytes(document)).toBeLessThanOrEqual(LARGEST_ANSWER);
  });

  it('fails rather than leave data out', () => {
    const document = answerDocument(address, { status: 'SUCCESS', physicalId: 'a', data: { a: 'x'.repeat(5_000) } });
    expect(JSON.parse(document)).toMatchObject({
      Status: 'FAILED',
      PhysicalResourceId: 'a',
      Reason: expect.stringContaining('4096 bytes'),
    });
  });
});
