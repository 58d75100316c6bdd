/**
 * One scan in a process of its own: `node scan-case.ts '{"certificates": 10000, "due": 0, "asking": false}'` prints
 * `ScanFigures` as JSON. The sandbox is in this process, on real time; the scan's bundle alone is in another one.
 */

import { FastClock } from '../../interop/fast-clock.ts';
import { startAwsServer } from '../../sandbox/aws-server.ts';
import { Calls } from '../../sandbox/calls.ts';
import { readApp } from '../../sandbox/deployment.ts';
import { Faults } from '../../sandbox/faults.ts';
import { LambdaService } from '../../sandbox/lambda.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { SecretsManager } from '../../sandbox/secrets-manager.ts';
import { synthesizedApp } from '../../sandbox/synthesis.ts';
import { type FleetOptions, placeFleet } from './fleet-secrets.ts';
import { functionOf } from './function-of.ts';
import { AWS_LATENCY, type ScanCase, type ScanFigures } from './scan-figures.ts';
import { startFunction } from './start-function.ts';

const scanCase = JSON.parse(process.argv[2] ?? '') as ScanCase;
console.log(JSON.stringify(await measure(scanCase)));

async function measure(scanCase: ScanCase): Promise<ScanFigures> {
  const { certificates, due, asking, memoryMegabytes } = scanCase;
  // It writes the secret that all others are copies of, and its CA is asked for renewal information.
  const sandbox = await startSandbox({ zones: ['leane.dev'], execution: 'durable' });
  const clock = new FastClock(1);
  const calls = new Calls();
  const secretsManager = new SecretsManager({ clock });
  const lambda = new LambdaService({ clock });
  const latency = AWS_LATENCY;
  const services = [secretsManager, lambda];
  const aws = await startAwsServer({ services, clock, calls, faults: new Faults(clock), latency });
  try {
    await sandbox.deployIssuer();
    await sandbox.register('leane.dev', { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox' });
    await sandbox.scan();
    const genuine = sandbox.secretsManager.secret('evercert/leane.dev');
    if (genuine?.tags['evercert:state'] !== 'issued') throw new Error('The genuine renewal has failed.');
    const options: FleetOptions = { certificates, due, asking, now: clock.now() };
    placeFleet(secretsManager, genuine, {
      ...options,
      // So that the limits of that CA hold. Nothing is sent there, because nobody's time to ask has come.
      ...(scanCase.letsEncrypt ? { renewalInfoUrl: 'https://acme-v02.api.letsencrypt.org/acme/renewal-info' } : {}),
    });
    // What has been started is counted and ends at once.
    const ended = async () => ({ Status: 'SUCCEEDED', Result: 'null' });
    const { renewal, scan } = functionOf(readApp(await synthesizedApp('durable')));
    lambda.register(sandbox.deployment.functions.renew, ended, { durable: renewal.durable });
    const asked = sandbox.calls.of('acme:renewalInfo');
    const fn = await startFunction({
      ...scan,
      ...(memoryMegabytes === undefined ? {} : { memoryMegabytes }),
      environment: { ...sandbox.environment, AWS_ENDPOINT_URL: aws.url },
    });
    const { result, error, seconds, cpuSeconds, importSeconds, peakBytes } = await fn.invoke({});
    fn.stop();
    if (result === undefined) throw new Error(`The scan has failed: ${error}`);
    const totals = JSON.parse(result) as {
      readonly scanned: number;
      readonly started: number;
      readonly failed: number;
    };
    const bugs = [...aws.bugs, ...sandbox.bugs()];
    if (bugs.length > 0) throw new AggregateError(bugs, 'The sandbox has bugs.');
    const counted = { ...prefixed('secretsmanager', calls), ...prefixed('lambda', calls) };
    return {
      ...scanCase,
      scanned: totals.scanned,
      started: totals.started,
      failed: totals.failed,
      calls: { ...counted, 'acme:renewalInfo': sandbox.calls.of('acme:renewalInfo') - asked },
      seconds,
      cpuSeconds,
      importSeconds,
      timeoutSeconds: scan.timeoutSeconds,
      idleBytes: fn.idleBytes,
      peakBytes,
      resultBytes: Buffer.byteLength(result),
      logBytes: fn.logBytes(),
    };
  } finally {
    await Promise.all([aws.stop(), sandbox.stop()]);
  }
}

function prefixed(service: string, calls: Calls): Record<string, number> {
  return Object.fromEntries(
    Object.entries(calls.by(service)).map(([operation, count]) => [`${service}:${operation}`, count]),
  );
}
