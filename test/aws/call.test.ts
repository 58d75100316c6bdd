import { describe, expect, it } from '@jest/globals';
import { awsErrorName, awsMessage, call } from '../../lambdas/aws/call.ts';
import { RenewalFailure } from '../../lambdas/core/failure.ts';

/** What the SDK throws: its errors carry the response, and some of them the request. */
function sdkError(name: string, message: string, status = 400): Error {
  return Object.assign(new Error(message), {
    name,
    $fault: 'client',
    $metadata: { httpStatusCode: status, requestId: 'f00d' },
    $response: { body: 'a private key' },
  });
}

async function failure(error: unknown): Promise<RenewalFailure> {
  const sent = call('secretsmanager:PutSecretValue', 'secret evercert/a', () => Promise.reject(error));
  return sent.then(
    () => {
      throw new Error('it was no failure');
    },
    (thrown) => thrown,
  );
}

describe('call', () => {
  it('returns what the client returned', async () => {
    expect(await call('acm:ListCertificates', 'x', async () => 42)).toBe(42);
  });

  it.each([
    ['AccessDeniedException', 400, 'access-denied', 'never'],
    ['AccessDenied', 403, 'access-denied', 'never'],
    ['Throttling', 400, 'aws-throttled', 'later'],
    ['TooManyRequestsException', 429, 'aws-throttled', 'later'],
    ['InternalServiceError', 500, 'aws-unavailable', 'later'],
    ['TimeoutError', 0, 'aws-unavailable', 'later'],
    ['LimitExceededException', 400, 'aws-refused', 'later'],
    ['ResourceNotFoundException', 400, 'aws-refused', 'later'],
  ] as const)('turns %s (%i) into %s', async (name, status, code, retry) => {
    const thrown = await failure(sdkError(name, 'the words of AWS', status));
    expect(thrown).toMatchObject({
      name: 'RenewalFailure',
      code,
      retry,
      details: { aws: { name, operation: 'secretsmanager:PutSecretValue', requestId: 'f00d' } },
    });
    for (const part of ['the words of AWS', 'evercert/a', 'secretsmanager:PutSecretValue', name, 'f00d']) {
      expect(thrown.message).toContain(part);
    }
  });

  it('names a broken connection by its code', async () => {
    const thrown = await failure(Object.assign(new Error(''), { name: 'AggregateError', code: 'ECONNREFUSED' }));
    expect(thrown).toMatchObject({ code: 'aws-unavailable', details: { aws: { name: 'ECONNREFUSED' } } });
    expect(thrown.message).toContain('ECONNREFUSED');
  });

  it('tells the operator what to grant', async () => {
    const words =
      'User: arn:aws:sts::123456789012:assumed-role/renew/renew is not authorized to perform: acm:ImportCertificate';
    const thrown = await failure(sdkError('AccessDeniedException', words));
    expect(thrown.message).toContain(words);
    expect(thrown.message).toContain('Grant the action');
  });

  it('keeps nothing of the raw error but its name and message', async () => {
    const { cause } = await failure(sdkError('ValidationException', 'the words of AWS'));
    expect(cause).toMatchObject({ name: 'ValidationException', message: 'the words of AWS' });
    expect(Object.keys(cause as object)).toEqual(['name']);
  });

  it('removes what a refusal quotes of a secret', async () => {
    const words =
      '1 validation error detected: Value \'{"privateKey":"hush"}\' at \'secretString\' failed to satisfy constraint; ' +
      'also -----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY----- and -----BEGIN EC PRIVATE KEY-----\nhush';
    const thrown = await failure(sdkError('ValidationException', words));
    expect(`${thrown.message} ${awsMessage(thrown)}`).not.toContain('hush');
    expect(thrown.message).toContain("at 'secretString' failed to satisfy constraint; also [PEM] and [PEM]");
  });

  it('strips control characters and caps the length', async () => {
    const thrown = await failure(sdkError('ValidationException', `a\u0000\u001b[31m\nb ${'x'.repeat(5000)}`));
    expect(thrown.message).toContain('a [31m b xxx');
    expect(thrown.message.length).toBeLessThan(1_200);
  });

  it('joins the messages of a refused change batch', async () => {
    const error = Object.assign(sdkError('InvalidChangeBatch', ''), { messages: ['first', 'second'] });
    expect((await failure(error)).message).toContain('first second');
  });

  it('lets a failure of ours pass as it is', async () => {
    const ours = new RenewalFailure('target-gone', 'gone');
    expect(await failure(ours)).toBe(ours);
  });

  it('survives whatever was thrown', async () => {
    for (const thrown of [undefined, null, 'text', 42, {}]) {
      expect(await failure(thrown)).toMatchObject({ code: 'aws-refused' });
    }
  });
});

describe('awsErrorName and awsMessage', () => {
  it('give back what AWS said', async () => {
    const thrown = await failure(sdkError('ResourceExistsException', 'the words of AWS.'));
    expect(awsErrorName(thrown)).toBe('ResourceExistsException');
    expect(awsMessage(thrown)).toBe('the words of AWS');
  });

  it('know nothing of other errors', () => {
    expect(awsErrorName(new Error('x'))).toBeUndefined();
    expect(awsErrorName(new RenewalFailure('unexpected', 'x'))).toBeUndefined();
  });
});
