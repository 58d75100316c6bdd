import { LambdaClient } from '@aws-sdk/client-lambda';
import { ListResourceRecordSetsCommand, Route53Client } from '@aws-sdk/client-route-53';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { askAll, openPoints, UNASKED } from './open-points.ts';

describe('the open points of test:aws, asked in the sandbox', () => {
  let sandbox: Sandbox;
  let route53: Route53Client;
  let lambda: LambdaClient;

  beforeAll(async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'] });
    route53 = new Route53Client({ maxAttempts: 1 });
    lambda = new LambdaClient({ maxAttempts: 1 });
  });
  afterAll(async () => {
    await sandbox?.lambda.idle();
    route53?.destroy();
    lambda?.destroy();
    await sandbox?.stop();
  });

  it('have an answer each, and leave no record set', async () => {
    const [zone] = sandbox.route53.zones();
    const said: string[] = [];
    const points = openPoints({
      route53,
      lambda,
      hostedZoneId: zone?.id ?? '',
      name: '_acme-challenge.probe.leane.dev',
      wait: (milliseconds) => sandbox.clock.advance(milliseconds),
      functionName: sandbox.deployment.functions.scan,
    });
    await askAll(points, (line) => said.push(line));
    expect(said).toHaveLength(points.length + UNASKED.length);
    expect(said[0]).toMatch(/AWS: CREATE: accepted; then .*; left: "/);
    expect(said[1]).toContain('rules-lambda.md');
    const sets = await route53.send(new ListResourceRecordSetsCommand({ HostedZoneId: zone?.id }));
    expect(sets.ResourceRecordSets?.map(({ Type }) => Type).sort()).toEqual(['NS', 'SOA']);
  });
});
