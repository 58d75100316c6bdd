import { ACMClient } from '@aws-sdk/client-acm';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { ListResourceRecordSetsCommand, Route53Client } from '@aws-sdk/client-route-53';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { askAll, openPoints, UNASKED } from './open-points.ts';

describe('the open points of test:aws, asked in the sandbox', () => {
  let sandbox: Sandbox;
  let route53: Route53Client;
  let lambda: LambdaClient;
  let acm: ACMClient;

  beforeAll(async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'] });
    route53 = new Route53Client({ maxAttempts: 1 });
    lambda = new LambdaClient({ maxAttempts: 1 });
    acm = new ACMClient({ region: 'eu-central-1', maxAttempts: 1 });
  });
  afterAll(async () => {
    await sandbox?.lambda.idle();
    route53?.destroy();
    lambda?.destroy();
    acm?.destroy();
    await sandbox?.stop();
  });

  const ask = async (changes: Partial<Parameters<typeof openPoints>[0]> = {}) => {
    const said: string[] = [];
    const points = openPoints({
      route53,
      lambda,
      acm,
      hostedZoneId: sandbox.route53.zones()[0]?.id ?? '',
      name: '_acme-challenge.probe.leane.dev',
      apex: 'evercert-test.leane.dev',
      wait: (milliseconds) => sandbox.clock.advance(milliseconds),
      functionName: sandbox.deployment.functions.scan,
      ...changes,
    });
    await askAll(points, (line) => said.push(line));
    return said;
  };
  const failing = (name: string) => ({ send: () => Promise.reject(Object.assign(new Error('words'), { name })) });

  it('have an answer each, which is the sandbox’s, and leave nothing', async () => {
    const said = await ask();
    const asked = said.slice(0, -UNASKED.length);
    expect(asked).toHaveLength(4);
    expect(asked[0]).toMatch(/AWS: CREATE: accepted; then .*; left: "/);
    for (const line of asked) expect(line).toContain('as the sandbox has it: rules-');
    for (const line of said.slice(-UNASKED.length)) expect(line).toMatch(/^open, not asked: .*: /);
    const [zone] = sandbox.route53.zones();
    const sets = await route53.send(new ListResourceRecordSetsCommand({ HostedZoneId: zone?.id }));
    expect(sets.ResourceRecordSets?.map(({ Type }) => Type).sort()).toEqual(['NS', 'SOA']);
    expect(sandbox.acm.certificates('eu-central-1')).toEqual([]);
  });

  it('name the rule where AWS answers otherwise', async () => {
    const said = await ask({
      acm: failing('ValidationException') as never,
      lambda: failing('RequestEntityTooLargeException') as never,
    });
    expect(said[1]).toContain(
      'AWS: RequestEntityTooLargeException: words\n  DIFFERS from the sandbox: rule rules-lambda.md',
    );
    for (const line of [said[2], said[3]]) expect(line).toContain('DIFFERS from the sandbox: rule rules-aws.md');
  });

  it('take what is no answer for none', async () => {
    const refused = failing('AccessDeniedException') as never;
    const said = await ask({ acm: refused, lambda: refused, route53: refused });
    for (const line of said.slice(0, 4))
      expect(line).toContain('AccessDeniedException: words\n  no answer; it is about');
  });
});
