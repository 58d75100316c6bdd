import { describe, expect, it } from '@jest/globals';
import { runOnAws } from '../deploy/run-on-aws.ts';

const nobody = { AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' };
const args = ['--domain', 'leane.dev', '--hosted-zone-id', 'Z1', '--email', 'ops@leane.dev', '--regions', 'eu-west-1'];

describe('npm run test:aws', () => {
  it('does nothing when nobody agrees', async () => {
    const { status, output } = await runOnAws(args, nobody, {
      after: 'Write yes: ',
      act: ({ stdin }) => stdin.end('no\n'),
    });
    expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('Nothing was done.') });
  });

  it('says what is wrong with its options', async () => {
    const { status, output } = await runOnAws([], nobody);
    expect({ status, output }).toEqual({ status: 2, output: expect.stringContaining('--domain is missing') });
  });

  it('says that there is no account before it deploys anything', async () => {
    const { status, output } = await runOnAws([...args, '--yes'], nobody);
    expect({ status, output }).toEqual({ status: 1, output: expect.stringMatching(/^FAILED: .*ECONNREFUSED/m) });
    expect(output).not.toContain('bootstrapped');
  });
});
